// Runs in browsers as well: nothing of Node is used here.

// Crockford's base 32 in lower case: nothing in it is mistaken for something else when typed from paper.
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const GROUP = 5

/**
 * Five bits to the character, in groups of five with dashes between them.
 * @param groups 4 make 100 bits, for a person to type; 6 make 150 bits, for a machine to read
 */
export function generatePassphrase(groups: number): string {
  const symbol = (byte: number): string => ALPHABET.charAt(byte % ALPHABET.length)
  return Array.from({ length: groups }, () =>
    Array.from(crypto.getRandomValues(new Uint8Array(GROUP)), symbol).join(''),
  ).join('-')
}
