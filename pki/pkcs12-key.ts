import { hash } from 'node:crypto'

/** What the derived octets are for: the identifiers of RFC 7292 appendix B.3. */
export const PURPOSE = { key: 1, initialVector: 2, mac: 3 } as const

export interface Pkcs12KeyRequest {
  readonly passphrase: string
  readonly salt: Uint8Array
  readonly iterations: number
  readonly digest: 'sha1' | 'sha256'
  readonly purpose: (typeof PURPOSE)[keyof typeof PURPOSE]
  /** Octets wanted. */
  readonly length: number
}

// The block of SHA-1 and of SHA-256, in octets.
const BLOCK = 64

function fill(octets: Uint8Array, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => octets[i % octets.length] ?? 0)
}

function wholeBlocks({ length }: Uint8Array): number {
  return Math.ceil(length / BLOCK) * BLOCK
}

/** Appendix B.1: big-endian UTF-16, ended by two zero octets. */
function bmpString(text: string): Uint8Array {
  return Buffer.from(`${text}\0`, 'utf16le').swap16()
}

/** Appendix B.2 step 6C: to each block of `input` add `addend` and one, modulo 2^512. */
function addToBlocks(input: Uint8Array, addend: Uint8Array): void {
  for (let start = 0; start < input.length; start += BLOCK) {
    let carry = 1
    for (let i = BLOCK - 1; i >= 0; i--) {
      carry += (input[start + i] ?? 0) + (addend[i] ?? 0)
      input[start + i] = carry & 0xff
      carry >>= 8
    }
  }
}

/**
 * RFC 7292 appendix B.2. Written here because neither Node nor pkijs offers it for encryption, and in loops of
 * JavaScript all the way down it takes ten times as long.
 */
export function derivePkcs12Key(request: Pkcs12KeyRequest): Uint8Array {
  const { salt, iterations, digest, purpose, length } = request
  const password = bmpString(request.passphrase)
  const diversifier = new Uint8Array(BLOCK).fill(purpose)
  const input = Buffer.concat([fill(salt, wholeBlocks(salt)), fill(password, wholeBlocks(password))])
  let derived: Uint8Array = new Uint8Array()
  while (derived.length < length) {
    let block = hash(digest, Buffer.concat([diversifier, input]), 'buffer')
    for (let i = 1; i < iterations; i++) block = hash(digest, block, 'buffer')
    derived = Buffer.concat([derived, block])
    addToBlocks(input, fill(block, BLOCK))
  }
  return derived.subarray(0, length)
}
