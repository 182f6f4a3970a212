// UAX #31 table 5, the recommended scripts: those in wide everyday use, but for the ones that mix.
const SCRIPTS = [
  'Arabic',
  'Armenian',
  'Bengali',
  'Cyrillic',
  'Devanagari',
  'Ethiopic',
  'Georgian',
  'Greek',
  'Gujarati',
  'Gurmukhi',
  'Hebrew',
  'Kannada',
  'Khmer',
  'Lao',
  'Malayalam',
  'Myanmar',
  'Oriya',
  'Sinhala',
  'Tamil',
  'Telugu',
  'Thaana',
  'Thai',
  'Tibetan',
]

// UTS #39 section 5.2, "highly restrictive": what Chinese, Japanese and Korean mix, each with Latin or without.
const MIXTURES = [
  ['Latin', 'Han', 'Hiragana', 'Katakana'],
  ['Latin', 'Han', 'Bopomofo'],
  ['Latin', 'Han', 'Hangul'],
]

/** Script_Extensions, because a mark or digit may belong to several; Common and Inherited belong to all. */
function writtenIn(scripts: readonly string[]): RegExp {
  const members = [...scripts, 'Common', 'Inherited'].map(script => `\\p{Script_Extensions=${script}}`)
  return new RegExp(`^[${members.join('')}]*$`, 'u')
}

const WRITING_SYSTEMS: readonly RegExp[] = [...MIXTURES, ...SCRIPTS.map(script => [script])].map(writtenIn)

/** Whether one writing system has all characters of a text, at the level "highly restrictive" of UTS #39. */
export function isOneWritingSystem(text: string): boolean {
  return WRITING_SYSTEMS.some(system => system.test(text))
}
