// Controls (CR, LF, ESC), invisible and direction-changing characters, lone surrogates, line separators.
const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** One line for a terminal: what would move the cursor, turn the writing direction or hide becomes U+FFFD. */
export function inertText(text: string): string {
  return text.replace(HARMFUL, '\uFFFD')
}

/** The same JSON for a parser, and harmless on a terminal: in valid JSON such characters occur in strings only. */
export function inertJson(json: string): string {
  return json.replace(HARMFUL, match =>
    match === '\n' ? match : [...Array(match.length).keys()].map(i => escapeUnit(match, i)).join(''),
  )
}

function escapeUnit(text: string, index: number): string {
  return `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`
}
