/**
 * A Byte Sequence (RFC 8941 section 3.3.5), which is how RFC 9440 section 2.1 writes a certificate.
 * Node's decoder passes over what is not base64; only a value that encodes to itself again is taken, and so is
 * stricter than RFC 8941 section 4.2.7: with its padding, unused bits zero, one spelling for one certificate.
 * `undefined` for anything else, the empty sequence included.
 */
export function readByteSequence(value: string): Uint8Array | undefined {
  if (value.length < 3 || !value.startsWith(':') || !value.endsWith(':')) return undefined
  const encoded = value.slice(1, -1)
  const bytes = Buffer.from(encoded, 'base64')
  return bytes.toString('base64') === encoded ? bytes : undefined
}
