import { createHash } from 'node:crypto'
import { PkiError } from './errors.ts'
import { quote } from './inert-text.ts'
import { mergeLookAlikes } from './look-alikes.ts'
import { isOneWritingSystem } from './writing-systems.ts'

// RFC 5280 appendix A: ub-common-name and ub-organization-name.
const MAX_CHARACTERS = 64

interface Rule {
  readonly forbidden: { test(name: string): boolean }
  readonly reason: string
}

const RULES: readonly Rule[] = [
  { forbidden: /^\s|\s$/u, reason: 'it begins or ends with a blank' },
  // Cc moves cursors and ends lines in logs; the rest of these are not assigned or mean something to one machine only.
  {
    forbidden: /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u,
    reason: 'it has a control or unassigned character',
  },
  // Shown in another order than read, or not at all. Zero-width joiners stay, because Persian and Indic names need
  // them, and the two selectors that make pictures of symbols.
  {
    forbidden:
      /[[\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]--[\u200c\u200d\ufe0e\ufe0f]]/v,
    reason: 'it has an invisible or direction-changing character',
  },
  // "alice/CN=admin" names somebody else to whoever splits a name that was printed as text.
  { forbidden: /=/u, reason: 'it has an equals sign' },
  // What Apache passes on for a name that is not there.
  { forbidden: /^\(null\)$/iu, reason: 'it means that there is no name' },
  { forbidden: /^[^\p{L}\p{N}]*$/u, reason: 'it has neither a letter nor a digit' },
  // "Grace Hорper", half of it Cyrillic, is not the Grace Hopper whom people know.
  {
    forbidden: { test: name => !isOneWritingSystem(name) },
    reason:
      'it mixes letters of several scripts, or has a rare one, so that it could be taken for another name',
  },
]

/**
 * A name as it is written into certificates: NFKC, because full-width letters and ligatures are the same letters to
 * whoever reads them.
 * @param what how messages call it: "The common name", "The organisation"
 * @throws PkiError NAME_INVALID
 */
export function parseCommonName(text: string, what = 'The common name'): string {
  const name = text.normalize('NFKC')
  const { length } = [...name]
  const reason =
    length < 1 || length > MAX_CHARACTERS
      ? `it has ${length} characters`
      : RULES.find(rule => rule.forbidden.test(name))?.reason
  if (reason === undefined) return name
  throw new PkiError(
    'NAME_INVALID',
    `${what} must not be ${quote(name)}: ${reason}. It must have 1 to ${MAX_CHARACTERS} visible characters, such as "Grace Hopper".`,
  )
}

/**
 * Two names with the same key are one person, as far as others can see: compatibility forms, upper and lower case,
 * blanks, invisible characters and look-alikes do not count. Not for showing.
 */
export function nameKey(name: string): string {
  return mergeLookAlikes(name).replaceAll(/\s+/gu, ' ').trim()
}

function asciiWords(name: string): readonly string[] {
  const letters = name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
  return letters.split(/[^a-z0-9]+/).filter(word => word !== '')
}

/**
 * The base name of a person's files: the first word in lower-case ASCII; when that is another's, all words with
 * dashes; when that is taken too, or nothing is left, `user-` and 8 hex digits of the SHA-256 of the name.
 */
export function fileNameFor(name: string, isTaken: (fileName: string) => boolean): string {
  const words = asciiWords(name)
  const digest = createHash('sha256').update(nameKey(name)).digest('hex').slice(0, 8)
  const candidates = [words[0] ?? '', words.join('-')].filter(candidate => candidate !== '')
  return candidates.find(candidate => !isTaken(candidate)) ?? `user-${digest}`
}
