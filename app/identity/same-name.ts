import type { DistinguishedName } from '../../pki/distinguished-name.ts'

function canonical(name: DistinguishedName): string {
  return JSON.stringify(
    name.map(({ type, value }) => [type, value.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase()]),
  )
}

/**
 * Compares as RFC 5280 section 7.1 does: not by string type, case or blanks. A certificate that writes the name of
 * our authority in another encoding still claims to be issued by it.
 */
export function isSameName(one: DistinguishedName, other: DistinguishedName): boolean {
  return canonical(one) === canonical(other)
}
