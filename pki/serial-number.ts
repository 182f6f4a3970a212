import { encodeElement, TAG } from './encode-der.ts'

function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex').toUpperCase()
}

/**
 * The content of an INTEGER as every part here writes a serial number: upper-case hex, two digits to the octet, without
 * the sign octet; a negative one begins with `-`.
 */
export function decodeSerialNumber(octets: Uint8Array): string {
  const [sign = 0] = octets
  if (sign < 0x80) return hex(sign === 0 && octets.length > 1 ? octets.subarray(1) : octets)
  const magnitude = (1n << BigInt(octets.length * 8)) - BigInt(`0x${hex(octets)}`)
  const digits = magnitude.toString(16).toUpperCase()
  return `-${digits.padStart(digits.length + (digits.length % 2), '0')}`
}

/** X.690 section 8.3: a sign octet before a high first bit, and no other octet that says nothing. */
function contentOf(serialNumber: string): Uint8Array {
  const isNegative = serialNumber.startsWith('-')
  const magnitude = BigInt(`0x${isNegative ? serialNumber.slice(1) : serialNumber}`)
  const width = Math.floor(magnitude.toString(2).length / 8) + 1
  const value = isNegative ? (1n << BigInt(width * 8)) - magnitude : magnitude
  const octets = Buffer.from(value.toString(16).padStart(width * 2, '0'), 'hex')
  const isPadded = octets[0] === 0xff && (octets[1] ?? 0) >= 0x80
  return isPadded ? octets.subarray(1) : octets
}

/** The INTEGER for a serial number that `decodeSerialNumber` has written. */
export function encodeSerialNumber(serialNumber: string): Uint8Array {
  return encodeElement(TAG.integer, contentOf(serialNumber))
}
