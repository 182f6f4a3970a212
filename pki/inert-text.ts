// What moves a cursor, turns the writing direction, hides, ends a line, or is not assigned.
const HARMFUL = /[\p{C}\p{Zl}\p{Zp}]/gu
const OUTER_BLANKS = /^\p{Zs}+|\p{Zs}+$/gu
const REPLACEMENT = '\uFFFD'
// Our own choice: enough to recognise what one has typed.
const MAX_QUOTED = 80

/** One line with foreign text in it, as it may be shown on a page or terminal: what would do harm becomes U+FFFD. */
export function inertText(text: string): string {
  return text.replace(HARMFUL, REPLACEMENT)
}

/** A name that stands alone: also without the blanks at its ends, so that two names that differ do not look alike. */
export function inertName(name: string): string {
  return inertText(name).replace(OUTER_BLANKS, blanks => REPLACEMENT.repeat(blanks.length))
}

/** The same JSON for a parser, and harmless when it is shown on a terminal or split into lines. */
export function inertJson(json: string): string {
  return json.replace(HARMFUL, character =>
    Array.from({ length: character.length }, (_, i) => escapeUnit(character.charCodeAt(i))).join(''),
  )
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`
}

/** Foreign text in quotes, cut off where it is long, with what would do harm written as `\u{...}`. */
export function quote(text: string): string {
  const escaped = (character: string): string => `\\u{${character.codePointAt(0)?.toString(16)}}`
  return JSON.stringify(text.slice(0, MAX_QUOTED)).replace(HARMFUL, escaped)
}
