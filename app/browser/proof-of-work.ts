import { leadingZeroBits, nonceOf } from '../../pki/proof-of-work.ts'

// Our own choice: as many digests as a browser makes in some milliseconds, so that the page goes on answering.
const AT_ONCE = 512

// A browser makes about a hundred thousand digests a second, and a challenge is good for ten minutes.
const MOST_BITS = 24

/** @throws Error, with a sentence for people, if it would take too long */
export async function solveChallenge(challenge: string, difficulty: number): Promise<string> {
  if (difficulty > MOST_BITS) {
    throw new Error('The site is very busy, and would keep your browser busy for hours. Try again later.')
  }
  const encoder = new TextEncoder()
  const zeroBits = async (nonce: string) =>
    leadingZeroBits(
      new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(`${challenge}:${nonce}`))),
    )
  for (let first = 0; ; first += AT_ONCE) {
    const nonces = Array.from({ length: AT_ONCE }, (_, i) => nonceOf(first + i))
    const found = (await Promise.all(nonces.map(zeroBits))).findIndex(bits => bits >= difficulty)
    if (found >= 0) return nonces[found] as string
  }
}
