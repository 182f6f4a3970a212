// Controls (CR, LF, ESC), invisible and direction-changing characters, lone surrogates, line separators.
const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const OUTER_BLANKS = /^\p{Zs}+|\p{Zs}+$/gu

/**
 * A name as it may be shown on a page or terminal: what would move the cursor, turn the writing direction or hide
 * becomes U+FFFD, so that two names that differ do not look alike.
 */
export function inertText(text: string): string {
  return text.replace(HARMFUL, '\uFFFD').replace(OUTER_BLANKS, blanks => '\uFFFD'.repeat(blanks.length))
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
