import type { CertificateAnswer } from './answers.ts'
import { formatFields } from './table.ts'

/** Dates are enough for people; the JSON has the seconds. */
export function day(time: string | null | undefined): string | undefined {
  return time?.slice(0, 10)
}

function revocation({ revoked_at, reason }: CertificateAnswer): string | undefined {
  if (revoked_at === null) return undefined
  return reason === null ? revoked_at : `${revoked_at}, ${reason}`
}

/** `name  value` lines about one certificate. */
export function describeCertificate(certificate: CertificateAnswer): readonly string[] {
  return formatFields({
    name: certificate.common_name,
    organisation: certificate.organisation,
    email: certificate.email,
    serial: certificate.serial,
    status: certificate.status,
    valid: `${day(certificate.not_before) ?? '?'} until ${day(certificate.not_after) ?? '?'}`,
    fingerprint256: certificate.fingerprint256,
    origin: certificate.origin,
    'requested by': certificate.requested_by,
    revoked: revocation(certificate),
  })
}

/** Lines of a PEM text. */
export function pemLines(pem: string): readonly string[] {
  return pem.trimEnd().split(/\r?\n/)
}
