import { PkiError } from './errors.ts'

// RFC 7468 section 2: what is outside of the lines is explanatory text.
const CERTIFICATE = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g
// The second label is of older programs (RFC 7468 section 7).
const REQUEST = /-----BEGIN ((?:NEW )?CERTIFICATE REQUEST)-----([A-Za-z0-9+/=\s]+)-----END \1-----/g
const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/

function encodePem(label: string, der: Uint8Array): string {
  const body = Buffer.from(der)
    .toString('base64')
    .replaceAll(/.{1,64}/g, '$&\n')
  return `-----BEGIN ${label}-----\n${body}-----END ${label}-----\n`
}

export function encodeCertificatePem(der: Uint8Array): string {
  return encodePem('CERTIFICATE', der)
}

/** RFC 7468 section 7. */
export function encodeSigningRequestPem(der: Uint8Array): string {
  return encodePem('CERTIFICATE REQUEST', der)
}

/** RFC 7468 section 6. */
export function encodeRevocationListPem(der: Uint8Array): string {
  return encodePem('X509 CRL', der)
}

/** The DER of each whole certificate in a PEM text. */
export function decodeCertificatePems(pem: string): readonly Uint8Array[] {
  return [...pem.matchAll(CERTIFICATE)].map(([, body = '']) => Uint8Array.from(Buffer.from(body, 'base64')))
}

/**
 * The DER of the only certificate in a PEM text (RFC 7468).
 * @throws PkiError CERT_MALFORMED when there is none, or more than one
 */
export function decodeCertificatePem(pem: string): Uint8Array {
  const [first, second] = decodeCertificatePems(pem)
  if (first && !second) return first
  throw new PkiError('CERT_MALFORMED', 'The PEM text must hold exactly one certificate.')
}

type Decoded =
  | { readonly der: Uint8Array; readonly reason?: never }
  | { readonly der?: never; readonly reason: string }

/** Strict base64 (RFC 4648 section 4), but for line breaks: one request has one text. */
function decodeBase64(body: string): Buffer | undefined {
  const text = body.replaceAll(/\s/g, '')
  const octets = Buffer.from(text, 'base64')
  return octets.toString('base64') === text ? octets : undefined
}

/** The DER of the only certificate signing request in a PEM text, or why there is none. */
export function decodeRequestPem(pem: string): Decoded {
  if (PRIVATE_KEY.test(pem)) {
    return { reason: 'it comes with a private key, which is for nobody else to see: make a new one' }
  }
  const [first, second] = pem.matchAll(REQUEST)
  if (!first?.[2]) return { reason: 'it has no lines BEGIN and END CERTIFICATE REQUEST with base64 between' }
  if (second) return { reason: 'it holds more than one' }
  const octets = decodeBase64(first[2])
  return octets ? { der: Uint8Array.from(octets) } : { reason: 'what is between its lines is not base64' }
}
