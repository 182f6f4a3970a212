import { PkiError } from './errors.ts'

// RFC 7468 section 2: what is outside of the lines is explanatory text.
const CERTIFICATE = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g

export function encodeCertificatePem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

/**
 * The DER of the only certificate in a PEM text (RFC 7468).
 * @throws PkiError CERT_MALFORMED when there is none, or more than one
 */
export function decodeCertificatePem(pem: string): Uint8Array {
  const [first, second] = pem.matchAll(CERTIFICATE)
  if (!first?.[1] || second) {
    throw new PkiError('CERT_MALFORMED', 'The PEM text must hold exactly one certificate.')
  }
  return Uint8Array.from(Buffer.from(first[1], 'base64'))
}
