// What moves a cursor, turns the writing direction, hides, ends a line, or is not assigned.
const HARMFUL = /[\p{C}\p{Zl}\p{Zp}]/gu
// Our own choice: enough to recognise what one has typed.
const MAX_QUOTED = 80

/** Foreign text within a sentence that is shown on pages and terminals. */
export function inertText(text: string): string {
  return text.replace(HARMFUL, '\uFFFD')
}

/** Foreign text in quotes, cut off where it is long, with what would do harm written as `\u{...}`. */
export function quote(text: string): string {
  const escaped = (character: string): string => `\\u{${character.codePointAt(0)?.toString(16)}}`
  return JSON.stringify(text.slice(0, MAX_QUOTED)).replace(HARMFUL, escaped)
}
