import { leadingZeroBits, nonceOf } from '../../pki/proof-of-work.ts'

// Our own choice: as many digests as a browser makes in some milliseconds, so that the page goes on answering.
const AT_ONCE = 512

/** Searches until there is one. */
export async function solveChallenge(challenge: string, difficulty: number): Promise<string> {
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
