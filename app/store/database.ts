import type { CertificateRow, ChainedEvent, Holder, Mail, RequestRow, Time } from './store.ts'

/** The tables as Kysely sees them; a column `nameKey` is `name_key` in the database. */
export interface Database {
  readonly holders: Holder
  readonly certificates: CertificateRow & {
    /** What a search looks through, in lower case: databases disagree about case outside ASCII. */
    readonly searchText: string
  }
  readonly requests: Omit<RequestRow, 'warnings'> & {
    /** A JSON array. */
    readonly warnings: string
  }
  readonly once: { readonly name: string; readonly spentAt: Time; readonly until: Time }
  readonly auditEvents: ChainedEvent
  /** One row: whoever appends takes it first, so two never append after the same event. */
  readonly auditHead: { readonly id: 1; readonly sequence: number; readonly hash: string }
  readonly outbox: Omit<Mail, 'attachments'> & {
    /** A JSON array. */
    readonly attachments: string
  }
  readonly settings: { readonly name: string; readonly value: string }
}
