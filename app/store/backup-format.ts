import { z } from 'zod'
import { REVOCATION_REASONS, type RevocationReason } from '../../pki/revocation-reason.ts'
import type { Database } from './database.ts'
import { ORIGINS, REQUEST_STATUSES } from './store.ts'

/**
 * A backup is a file of JSON lines: a header, the rows of one table after another, each as `{TABLE: ROW}`, and
 * `{"sha256": ...}` of all bytes before that line.
 */
export const FORMAT = 'gatehouse-backup'
export const FORMAT_VERSION = 1

const text = z.string()
const maybe = text.nullable()
const time = z.int().nonnegative()
const maybeTime = time.nullable()

const HOLDER = z.object({
  id: text,
  nameKey: text,
  commonName: text,
  organisation: maybe,
  email: maybe,
  createdAt: time,
})

const CERTIFICATE = z.object({
  serial: text,
  holderId: text,
  state: z.enum(['recorded', 'issued']),
  commonName: text,
  organisation: maybe,
  email: maybe,
  spki256: text,
  notBefore: time,
  notAfter: time,
  toBeSigned: text,
  fingerprint256: maybe,
  pem: maybe,
  origin: z.enum(ORIGINS),
  requestedBy: maybe,
  recordedAt: time,
  issuedAt: maybeTime,
  revokedAt: maybeTime,
  revocationReason: z.enum(Object.keys(REVOCATION_REASONS) as RevocationReason[]).nullable(),
  revokedBy: maybe,
})

const REQUEST = z.object({
  id: text,
  sha256: text,
  status: z.enum(REQUEST_STATUSES),
  commonName: text,
  organisation: maybe,
  email: maybe,
  csr: maybe,
  spki256: maybe,
  warnings: text,
  requestedAt: time,
  requestedFrom: maybe,
  decidedAt: maybeTime,
  decidedBy: maybe,
  reason: maybe,
  serial: maybe,
})

const ONCE = z.object({ name: text, spentAt: time, until: time })

const AUDIT_EVENT = z.object({ sequence: z.int().positive(), record: text, previousHash: text, hash: text })

const MAIL = z.object({
  id: text,
  key: text,
  to: text,
  subject: text,
  text,
  attachments: text,
  createdAt: time,
  attempts: z.int().nonnegative(),
  nextAttemptAt: time,
  sentAt: maybeTime,
  lastError: maybe,
})

/** Not the lists themselves: they are made anew. */
const REVOCATION_LIST_HEAD = z.object({ id: z.literal(1), number: time, generation: time.default(0) })

export type BackupRows = {
  readonly holders: Database['holders']
  readonly certificates: Omit<Database['certificates'], 'searchText' | 'listed' | 'unlisted'>
  readonly requests: Database['requests']
  readonly once: Database['once']
  readonly auditEvents: Database['auditEvents']
  readonly outbox: Database['outbox']
  readonly revocationListHead: Pick<Database['revocationListHead'], 'id' | 'number' | 'generation'>
}
export type BackupTable = keyof BackupRows

interface TableFormat<Row> {
  /** The primary key, by which the rows are in order. */
  readonly key: keyof Row & string
  readonly row: z.ZodObject & z.ZodType<Row>
}

/** In this order, because a certificate has a holder. Settings are secrets of the running store: they stay there. */
export const TABLES: { readonly [Table in BackupTable]: TableFormat<BackupRows[Table]> } = {
  holders: { key: 'id', row: HOLDER },
  certificates: { key: 'serial', row: CERTIFICATE },
  requests: { key: 'id', row: REQUEST },
  once: { key: 'name', row: ONCE },
  auditEvents: { key: 'sequence', row: AUDIT_EVENT },
  outbox: { key: 'id', row: MAIL },
  revocationListHead: { key: 'id', row: REVOCATION_LIST_HEAD },
}
export const TABLE_NAMES = Object.keys(TABLES) as readonly BackupTable[]

export type Counts = Readonly<Record<BackupTable, number>>

export const HEADER = z.strictObject({
  format: z.literal(FORMAT),
  version: z.int(),
  at: z.iso.datetime(),
  counts: z.strictObject({
    holders: z.int(),
    certificates: z.int(),
    requests: z.int(),
    once: z.int(),
    auditEvents: z.int(),
    outbox: z.int(),
    revocationListHead: z.int().default(0),
  } satisfies Record<BackupTable, unknown>),
})
export type Header = z.infer<typeof HEADER>

export const TRAILER = z.strictObject({ sha256: z.string() })
