const BYTE_SEQUENCE = /^:([A-Za-z0-9+/]+={0,2}):$/

/**
 * A Byte Sequence (RFC 8941 section 3.3.5), which is how RFC 9440 section 2.1 writes a certificate.
 * Stricter than RFC 8941 section 4.2.7: padding must be there and unused bits zero, so that one certificate
 * has one spelling. `undefined` for anything else, the empty sequence included.
 */
export function readByteSequence(value: string): Uint8Array | undefined {
  const encoded = BYTE_SEQUENCE.exec(value)?.[1]
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  return bytes.toString('base64') === encoded ? bytes : undefined
}
