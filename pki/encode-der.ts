import * as asn1js from 'asn1js'

// Encoded by hand: a list of a hundred thousand certificates, an object for each element of it, takes many seconds.

/** Tags of X.690 section 8, as they are written. */
export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const

/** A constructed element with a context-specific tag, `[number]`. */
export function contextTag(number: number): number {
  return 0xa0 | number
}

/** X.690 section 10.1: a length in its shortest form. */
function encodeLength(length: number): Uint8Array {
  if (length < 0x80) return Buffer.of(length)
  const hex = length.toString(16)
  const octets = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  return Buffer.concat([Buffer.of(0x80 | octets.length), octets])
}

export function encodeElement(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, { length }) => sum + length, 0)
  return Buffer.concat([Buffer.of(tag), encodeLength(length), ...content])
}

/** @param value not negative */
export function encodeInteger(value: number): Uint8Array {
  const hex = value.toString(16)
  const octets = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  const [first = 0] = octets
  return encodeElement(TAG.integer, ...(first < 0x80 ? [] : [Buffer.of(0)]), octets)
}

/** To the second, which is all that certificates have. */
function digitsOf(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(/[-T:]/g, '')}Z`
}

/** RFC 5280 section 4.1.2.5: UTCTime until 2049. */
export function encodeTime(time: Date): Uint8Array {
  if (time.getUTCFullYear() >= 2050) return encodeGeneralizedTime(time)
  return encodeElement(TAG.utcTime, Buffer.from(digitsOf(time).slice(2), 'latin1'))
}

/** Without fractions: RFC 5280 section 4.1.2.5.2, which RFC 6960 section 4.2.2.1 follows. */
export function encodeGeneralizedTime(time: Date): Uint8Array {
  return encodeElement(TAG.generalizedTime, Buffer.from(digitsOf(time), 'latin1'))
}

export function encodeOid(oid: string): Uint8Array {
  return toDer(new asn1js.ObjectIdentifier({ value: oid }))
}

/** An element that another library has made. */
export function toDer(element: { toBER(): ArrayBuffer }): Uint8Array {
  return new Uint8Array(element.toBER())
}

/** Extension of RFC 5280 section 4.1, not critical. */
export function encodeExtension(oid: string, value: Uint8Array): Uint8Array {
  return encodeElement(TAG.sequence, encodeOid(oid), encodeElement(TAG.octetString, value))
}
