import { createHash } from 'node:crypto'
import { PkiError } from './errors.ts'

// RFC 5280 appendix A: ub-common-name and ub-organization-name.
const MAX_CHARACTERS = 64

interface Rule {
  readonly forbidden: RegExp
  readonly reason: string
}

const RULES: readonly Rule[] = [
  { forbidden: /^\s|\s$/u, reason: 'it begins or ends with a blank' },
  // Cc moves cursors and ends lines in logs; the rest of these are not assigned or mean something to one machine only.
  {
    forbidden: /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u,
    reason: 'it has a control or unassigned character',
  },
  // Shown in another order than read, or not at all. Zero-width joiners stay: Persian and Indic names need them.
  {
    forbidden: /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/u,
    reason: 'it has an invisible or direction-changing character',
  },
  // "alice/CN=admin" names somebody else to whoever splits a name that was printed as text.
  { forbidden: /=/u, reason: 'it has an equals sign' },
  // What Apache passes on for a name that is not there.
  { forbidden: /^\(null\)$/iu, reason: 'it means that there is no name' },
  { forbidden: /^[^\p{L}\p{N}]*$/u, reason: 'it has neither a letter nor a digit' },
]

/**
 * A name as it is written into certificates: NFC.
 * @param what how messages call it: "The common name", "The organisation"
 * @throws PkiError NAME_INVALID
 */
export function parseCommonName(text: string, what = 'The common name'): string {
  const name = text.normalize('NFC')
  const { length } = [...name]
  const reason =
    length < 1 || length > MAX_CHARACTERS
      ? `it has ${length} characters`
      : RULES.find(rule => rule.forbidden.test(name))?.reason
  if (reason === undefined) return name
  // JSON escapes control characters, so that the message itself cannot play the trick that it reports.
  throw new PkiError(
    'NAME_INVALID',
    `${what} must not be ${JSON.stringify(name.slice(0, 80))}: ${reason}. It must have 1 to ${MAX_CHARACTERS} visible characters, such as "Grace Hopper".`,
  )
}

/** Two names with the same key are one person: compatibility forms, upper and lower case, and blanks do not count. */
export function nameKey(name: string): string {
  return name.normalize('NFKC').toLowerCase().replaceAll(/\s+/gu, ' ').trim()
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
