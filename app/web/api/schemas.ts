import { z } from 'zod'
import { PKCS12_PROFILES } from '../../../pki/pkcs12-profile.ts'
import { PROFILES } from '../../../pki/profiles.ts'
import { REVOCATION_REASONS, type RevocationReason } from '../../../pki/revocation-reason.ts'
import type { Refusal } from '../../authority/acknowledgements.ts'
import { certificateStatus } from '../../store/certificate-status.ts'
import {
  CERTIFICATE_STATUSES,
  type CertificateRow,
  ORIGINS,
  REQUEST_STATUSES,
  type RequestRow,
} from '../../store/store.ts'

const SERIAL = z.string().meta({
  description: 'Serial number in upper-case hexadecimal',
  example: '1D1D2EB87D7E2B10A0F2B6242FC72DD5',
})
const DIGEST = z.string().meta({ description: 'SHA-256 in upper-case hexadecimal' })
export const TIME = z.iso.datetime().meta({ description: 'ISO 8601, UTC' })
const reasons = Object.keys(REVOCATION_REASONS) as [RevocationReason, ...RevocationReason[]]

// Wider than what a certificate takes, so that the sentence of the rule itself says what is wrong.
const NAME = z.string().max(512)
const CSR = z
  .string()
  .max(32_768)
  .meta({ description: 'PKCS#10 certificate signing request (RFC 2986) in PEM form' })
const PKCS12 = z
  .enum(PKCS12_PROFILES)
  .default('compatible')
  .meta({ description: 'How a PKCS#12 file (RFC 7292) is encrypted, when the key is made by the server' })

export const SubjectBody = {
  common_name: NAME.optional(),
  organisation: NAME.optional(),
  email: NAME.optional(),
}
export const KeyBody = { csr: CSR.optional(), pkcs12: PKCS12 }
export const IssueBody = z.strictObject({
  ...SubjectBody,
  ...KeyBody,
  days: z.int().min(1).max(PROFILES.client.days.most).optional(),
})
export const RenewBody = z.strictObject(KeyBody)
export const CollectBody = z.strictObject({ pkcs12: PKCS12 })
export const RevokeBody = z.strictObject({
  reason: z.string().max(64).default('unspecified').meta({ enum: reasons }),
})
export const CreateCaBody = z.strictObject({ common_name: NAME.optional() })
export const RegisterBody = z.strictObject({
  challenge: z.string().max(1024),
  nonce: z.string().max(64),
  ...SubjectBody,
  ...KeyBody,
})
export const ApproveBody = z.strictObject({ sha256: z.string().max(128) })
export const RejectBody = z.strictObject({ reason: z.string().min(1).max(500) })

// Our own choice: a page of 1,000 certificates is a megabyte.
export const PAGE_LIMIT = z.coerce.number().int().min(1).max(1000).default(100)
export const CertificateListQuery = z.strictObject({
  status: z.enum(CERTIFICATE_STATUSES).optional(),
  search: z.string().max(256).optional(),
  after: z.string().max(64).optional(),
  limit: PAGE_LIMIT,
})
export const RequestListQuery = z.strictObject({
  status: z.enum(REQUEST_STATUSES).optional(),
  after: z.string().max(64).optional(),
  limit: PAGE_LIMIT,
})
export const AuditQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: PAGE_LIMIT,
})
export const FormatQuery = z.strictObject({ format: z.enum(['pem', 'der']).optional() })

export const CertificateJson = z.object({
  serial: SERIAL,
  status: z.enum(CERTIFICATE_STATUSES),
  common_name: z.string(),
  organisation: z.string().nullable(),
  email: z.string().nullable(),
  fingerprint256: DIGEST.nullable(),
  spki256: DIGEST,
  not_before: TIME,
  not_after: TIME,
  origin: z.enum(ORIGINS),
  requested_by: SERIAL.nullable(),
  recorded_at: TIME,
  revoked_at: TIME.nullable().meta({
    description: 'From when on it counts as revoked; may lie ahead after a renewal',
  }),
  reason: z.enum(reasons).nullable(),
})
export const WholeCertificateJson = CertificateJson.extend({
  certificate: z.string().nullable().meta({ description: 'PEM' }),
})
export const IssuedJson = WholeCertificateJson.extend({
  pkcs12: z.base64().optional().meta({ description: 'PKCS#12 file, when the server made the key' }),
  passphrase: z
    .string()
    .optional()
    .meta({ description: 'Of the PKCS#12 file; shown this once, kept nowhere' }),
})
export const RenewedJson = IssuedJson.extend({
  replaces: z.object({ serial: SERIAL, revoked_at: TIME.nullable() }),
})
export const RevokedJson = CertificateJson.extend({
  proxies: z
    .array(
      z.object({
        name: z.string(),
        address: z.string().meta({ description: 'Network address' }),
        refused_after_ms: z.int().nullable().meta({
          description:
            'From when the revocation was durable to when the proxy said that it refuses the certificate; null: it has not said so within two seconds',
        }),
      }),
    )
    .meta({
      description: 'The proxies that have asked for the list of revoked certificates within a minute',
    }),
})
export const RequestJson = z.object({
  id: z
    .string()
    .meta({ description: '32 hexadecimal digits; whoever knows it may see how the request stands' }),
  sha256: DIGEST,
  status: z.enum(REQUEST_STATUSES),
  common_name: z.string(),
  organisation: z.string().nullable(),
  email: z.string().nullable(),
  csr: z.string().nullable(),
  spki256: DIGEST.nullable(),
  warnings: z.array(z.string()).readonly(),
  requested_at: TIME,
  decided_at: TIME.nullable(),
  reason: z.string().nullable(),
  serial: SERIAL.nullable(),
  certificate: z.string().nullable(),
})

export function refusalJson({ name, address, afterMs }: Refusal) {
  return { name, address, refused_after_ms: afterMs === null ? null : Math.round(afterMs) }
}

function iso(time: number): string {
  return new Date(time).toISOString()
}

function isoOrNull(time: number | null): string | null {
  return time === null ? null : iso(time)
}

export function certificateJson(row: CertificateRow, now: Date): z.infer<typeof CertificateJson> {
  return {
    serial: row.serial,
    status: certificateStatus(row, now.getTime()),
    common_name: row.commonName,
    organisation: row.organisation,
    email: row.email,
    fingerprint256: row.fingerprint256,
    spki256: row.spki256,
    not_before: iso(row.notBefore),
    not_after: iso(row.notAfter),
    origin: row.origin,
    requested_by: row.requestedBy,
    recorded_at: iso(row.recordedAt),
    revoked_at: isoOrNull(row.revokedAt),
    reason: row.revocationReason,
  }
}

export function requestJson(row: RequestRow, certificate: string | null): z.infer<typeof RequestJson> {
  return {
    id: row.id,
    sha256: row.sha256,
    status: row.status,
    common_name: row.commonName,
    organisation: row.organisation,
    email: row.email,
    csr: row.csr,
    spki256: row.spki256,
    warnings: row.warnings,
    requested_at: iso(row.requestedAt),
    decided_at: isoOrNull(row.decidedAt),
    reason: row.reason,
    serial: row.serial,
    certificate,
  }
}
