import type { Request } from 'express'
import type { ParsedCertificate } from '../../../pki/parse-certificate.ts'
import { decodeCertificatePem, encodeCertificatePem } from '../../../pki/pem.ts'
import type { Reply } from './route.ts'

/** RFC 8555 section 9.1 for PEM, RFC 2585 section 4 for DER, RFC 7292 for PKCS#12 (in use, not registered). */
export const MEDIA_TYPES = {
  pem: 'application/pem-certificate-chain',
  der: 'application/pkix-cert',
  pkcs12: 'application/x-pkcs12',
} as const

export type CertificateFormat = 'pem' | 'der'

/** What the caller's `Accept` names in so many words. */
export function acceptedFormat({ headers }: Request): CertificateFormat | undefined {
  return (['pem', 'der'] as const).find(format => headers.accept?.includes(MEDIA_TYPES[format]))
}

/** The certificate of the CA itself. */
export function ownCertificateReply(
  issuer: ParsedCertificate,
  request: Request,
  format: CertificateFormat = acceptedFormat(request) ?? 'pem',
): Reply {
  return certificateReply(encodeCertificatePem(issuer.der), format)
}

export function certificateReply(pem: string, format: CertificateFormat): Reply {
  return { type: MEDIA_TYPES[format], octets: format === 'der' ? decodeCertificatePem(pem) : pem }
}
