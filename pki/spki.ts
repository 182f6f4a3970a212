import { createPublicKey, hash, type KeyObject } from 'node:crypto'

/**
 * The same key in the one usual form: named curve, uncompressed point, NULL beside rsaEncryption. A point has three
 * encodings, and whoever is refused for a key must not come back with it in another.
 */
export function canonicalKey(publicKey: KeyObject): KeyObject {
  try {
    return createPublicKey({ key: publicKey.export({ format: 'jwk' }), format: 'jwk' })
  } catch {
    // RFC 7518 knows no such key, and nothing here accepts it.
    return publicKey
  }
}

/** SHA-256 of the SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) in upper-case hex: the name of a key. */
export function spki256Of(publicKey: KeyObject): string {
  const der = canonicalKey(publicKey).export({ format: 'der', type: 'spki' })
  return hash('sha256', der, 'hex').toUpperCase()
}
