// Runs in browsers as well: nothing of Node is used here.

/** Letters and digits, as short as can be. */
export function nonceOf(counter: number): string {
  return counter.toString(36)
}

export function leadingZeroBits(digest: Uint8Array): number {
  const first = digest.findIndex(octet => octet !== 0)
  return first < 0 ? digest.length * 8 : first * 8 + Math.clz32(digest[first] ?? 0) - 24
}
