import type { KeyObject } from 'node:crypto'

/** What rules about public keys look at. */
export type CertificateKey =
  | { readonly type: 'rsa'; readonly bits: number; readonly exponent: bigint }
  | { readonly type: 'ec'; readonly curve: string }
  | { readonly type: 'other'; readonly oid: string }

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
}

/** OpenSSL reads the point at infinity as a key; anybody can sign for it, and RFC 7518 cannot write it. */
function isPoint(key: KeyObject): boolean {
  try {
    return key.export({ format: 'jwk' }).kty === 'EC'
  } catch {
    return false
  }
}

/** @param oid the algorithm as the SubjectPublicKeyInfo names it */
export function describeKey(key: KeyObject, oid: string): CertificateKey {
  const { modulusLength, publicExponent, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa' && modulusLength && publicExponent) {
    return { type: 'rsa', bits: modulusLength, exponent: publicExponent }
  }
  if (key.asymmetricKeyType === 'ec' && namedCurve) {
    const curve = CURVES[namedCurve]
    return { type: 'ec', curve: curve && !isPoint(key) ? `${curve} at infinity` : (curve ?? namedCurve) }
  }
  return { type: 'other', oid }
}
