/** In groups, as people compare it. @param digest hexadecimal */
export function digestText(digest: string): string {
  return digest.match(/.{1,4}/g)?.join(' ') ?? ''
}
