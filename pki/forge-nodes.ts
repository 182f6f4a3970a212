import forge from 'node-forge'

// Runs in browsers as well: nothing of Node is used here.

export type Node = forge.asn1.Asn1

const { Class, Type } = forge.asn1

/** node-forge keeps octets in strings, one to the character. */
export function octets(bytes: Uint8Array): string {
  return Array.from(bytes, byte => String.fromCharCode(byte)).join('')
}

export function bytes(octets: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(octets, octet => octet.charCodeAt(0))
}

export function decode(der: Uint8Array): Node {
  return forge.asn1.fromDer(octets(der))
}

export function encode(node: Node): string {
  return forge.asn1.toDer(node).getBytes()
}

export function sequence(...members: Node[]): Node {
  return forge.asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, members)
}

/** X.690 section 11.6: the members of a SET OF are in the order of their encodings. */
export function setOf(...members: Node[]): Node {
  const inOrder = members.toSorted((a, b) => (encode(a) < encode(b) ? -1 : 1))
  return forge.asn1.create(Class.UNIVERSAL, Type.SET, true, inOrder)
}

export function objectIdentifier(oid: string): Node {
  return forge.asn1.create(Class.UNIVERSAL, Type.OID, false, forge.asn1.oidToDer(oid).getBytes())
}

export function integer(value: number): Node {
  return forge.asn1.create(Class.UNIVERSAL, Type.INTEGER, false, forge.asn1.integerToDer(value).getBytes())
}

export function octetString(value: string): Node {
  return forge.asn1.create(Class.UNIVERSAL, Type.OCTETSTRING, false, value)
}

/** Of whole octets. */
export function bitString(value: string): Node {
  return forge.asn1.create(Class.UNIVERSAL, Type.BITSTRING, false, `\0${value}`)
}

export function nothing(): Node {
  return forge.asn1.create(Class.UNIVERSAL, Type.NULL, false, '')
}

/** `[number]`, around or in place of what it holds. */
export function contextTag(number: number, content: Node[] | string): Node {
  return forge.asn1.create(Class.CONTEXT_SPECIFIC, number, typeof content !== 'string', content)
}

/** Of a number that is not negative, its octets from the highest on. */
export function integerOf(magnitude: string): Node {
  const shortest = magnitude.replace(/^\0+(?=.)/s, '')
  const sign = shortest.charCodeAt(0) >= 0x80 ? '\0' : ''
  return forge.asn1.create(Class.UNIVERSAL, Type.INTEGER, false, `${sign}${shortest}`)
}
