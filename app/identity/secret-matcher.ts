import { timingSafeEqual } from 'node:crypto'

/**
 * Whether a value is one of `secrets`, in a time that tells neither which one nor how much of it was right: only
 * its length shows, and that is no secret. Every secret is looked at.
 * @throws RangeError without a secret, which would otherwise match nothing, or worse, the empty string
 */
export function createSecretMatcher(secrets: readonly string[]): (given: string) => boolean {
  if (secrets.length === 0 || secrets.some(secret => secret === '')) {
    throw new RangeError('The proxy secret must not be empty: give at least one, of 128 bit or more.')
  }
  const expected = secrets.map(secret => Buffer.from(secret))
  return given => {
    const actual = Buffer.from(given)
    let isOne = false
    for (const secret of expected) {
      const isSame = secret.length === actual.length && timingSafeEqual(secret, actual)
      isOne = isSame || isOne
    }
    return isOne
  }
}
