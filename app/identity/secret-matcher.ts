import { hash, timingSafeEqual } from 'node:crypto'

function digest(secret: string): Buffer {
  return hash('sha256', secret, 'buffer')
}

/**
 * Whether a value is one of `secrets`, in a time that tells neither which one nor how much of it was right:
 * digests have one length, and every secret is looked at.
 * @throws RangeError without a secret, which would otherwise match nothing, or worse, the empty string
 */
export function createSecretMatcher(secrets: readonly string[]): (given: string) => boolean {
  if (secrets.length === 0 || secrets.some(secret => secret === '')) {
    throw new RangeError('The proxy secret must not be empty: give at least one, of 128 bit or more.')
  }
  const expected = secrets.map(digest)
  return given => {
    const actual = digest(given)
    let matches = 0
    for (const one of expected) matches |= Number(timingSafeEqual(one, actual))
    return matches === 1
  }
}
