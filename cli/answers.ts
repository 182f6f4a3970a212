import { z } from 'zod'

/** What the server answers, as far as it is used here; members that a later version adds are handed on. */

const TIME = z.iso.datetime()
/** Nothing but certificates: it is written to terminals and files as it is. */
export const PEM = z
  .string()
  .regex(/^(-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----\s*)+$/, 'is not PEM')

export const CERTIFICATE = z.looseObject({
  serial: z.string(),
  status: z.string(),
  common_name: z.string(),
  organisation: z.string().nullable(),
  email: z.string().nullable(),
  fingerprint256: z.string().nullable(),
  spki256: z.string().nullable(),
  not_before: TIME.nullable(),
  not_after: TIME.nullable(),
  origin: z.string().nullable(),
  requested_by: z.string().nullable(),
  recorded_at: TIME.nullable(),
  revoked_at: TIME.nullable(),
  reason: z.string().nullable(),
})
export type CertificateAnswer = z.infer<typeof CERTIFICATE>

export const CERTIFICATE_WITH_PEM = z.looseObject({
  ...CERTIFICATE.shape,
  certificate: PEM.nullable(),
})

/** Made now, perhaps with a key that the server made as well. */
export const ISSUED = z.looseObject({
  ...CERTIFICATE.shape,
  certificate: PEM,
  pkcs12: z.base64().optional(),
  /** Printable ASCII: it may be shown at a terminal. */
  passphrase: z
    .string()
    .regex(/^[\x21-\x7e]{1,256}$/)
    .optional(),
})
export type IssuedAnswer = z.infer<typeof ISSUED>

export const RENEWED = z.looseObject({
  ...ISSUED.shape,
  replaces: z.looseObject({ serial: z.string(), revoked_at: TIME.nullable() }),
})

export const REVOKED = z.looseObject({
  ...CERTIFICATE.shape,
  /** Left out by a server that keeps no list for proxies. */
  proxies: z
    .array(z.looseObject({ name: z.string(), address: z.string(), refused_after_ms: z.number().nullable() }))
    .optional(),
})
export type RevokedAnswer = z.infer<typeof REVOKED>

export const CERTIFICATES = z.looseObject({ certificates: z.array(CERTIFICATE), next: z.string().nullable() })

export const REQUEST = z.looseObject({
  id: z.string().regex(/^[0-9a-zA-Z-]{1,64}$/),
  sha256: z.string().regex(/^[0-9A-F]{64}$/),
  status: z.enum(['waiting', 'approved', 'rejected', 'issued']),
  common_name: z.string(),
  organisation: z.string().nullable(),
  email: z.string().nullable(),
  csr: z.string().nullable(),
  spki256: z.string().nullable(),
  warnings: z.array(z.string()),
  requested_at: TIME,
  decided_at: TIME.nullable(),
  reason: z.string().nullable(),
  serial: z.string().nullable(),
  certificate: PEM.nullish(),
})
export type RequestAnswer = z.infer<typeof REQUEST>

export const REQUESTS = z.looseObject({ requests: z.array(REQUEST), next: z.string().nullable() })

export const PASTE = z.looseObject({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  name: z.string().nullable(),
  media_type: z.string(),
  size: z.int(),
  created_at: TIME,
  expires_at: TIME,
  burn: z.boolean(),
  burnt_at: TIME.nullable(),
  private: z.boolean(),
  owner: z.string().nullable(),
})
export type PasteAnswer = z.infer<typeof PASTE>

export const PASTES = z.looseObject({ pastes: z.array(PASTE), next: z.string().nullable() })

export const STATUS = z.looseObject({
  initialised: z.boolean(),
  signing: z.boolean(),
  common_name: z.string().nullable(),
  fingerprint256: z.string(),
  not_after: TIME,
  issued: z.int(),
  valid: z.int(),
  revoked: z.int(),
  expired: z.int(),
})

export const WHOAMI = z.looseObject({
  level: z.string(),
  name: z.string().nullish(),
  organisation: z.string().nullish(),
  email: z.string().nullish(),
  serial: z.string().nullish(),
  fingerprint256: z.string().nullish(),
  notAfter: z.string().nullish(),
  verify: z.string(),
  via: z.string().nullish(),
})

export const CHALLENGE = z.looseObject({
  challenge: z.string().max(4096),
  algorithm: z.literal('SHA-256'),
  difficulty: z.int().min(0).max(256),
  expires_at: TIME,
})
export type Challenge = z.infer<typeof CHALLENGE>

export const AUDIT_PAGE = z.looseObject({
  events: z.array(
    z.looseObject({ sequence: z.int(), record: z.string(), previous_hash: z.string(), hash: z.string() }),
  ),
  next: z.int().nullable(),
  head: z.looseObject({ sequence: z.int(), hash: z.string() }),
})
export type AuditPage = z.infer<typeof AUDIT_PAGE>
