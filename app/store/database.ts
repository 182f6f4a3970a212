import type { GateFailures, GateInvitation, GateSession, GateSetup, GateUser } from './gate-store.ts'
import type {
  CertificateRow,
  ChainedEvent,
  Holder,
  Mail,
  PasteRow,
  RequestRow,
  RevocationList,
  Time,
} from './store.ts'

type PasteFlag = 'isStrangers' | 'isPrivate' | 'isBurning'

/** The tables as Kysely sees them; a column `nameKey` is `name_key` in the database. */
export interface Database {
  readonly holders: Holder
  readonly certificates: CertificateRow & {
    /** What a search looks through, in lower case: databases disagree about case outside ASCII. */
    readonly searchText: string
    /** Of the list for proxies: the generation since which it is on it, or since which it is not any more. */
    readonly listed: number | null
    readonly unlisted: number | null
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
  /** One row, and apart from the lists: it is written with each revocation, and a list is of megabytes. */
  readonly revocationListHead: {
    readonly id: 1
    /** The highest that was ever given. */
    readonly number: number
    /** Until when its list is waited for. */
    readonly begunUntil: Time
    /** Of the list for proxies. */
    readonly generation: number
  }
  /** The newest. */
  readonly revocationLists: RevocationList
  readonly gateUsers: GateUser
  readonly gateRecoveryCodes: {
    readonly hash: string
    readonly userId: string
    readonly spentAt: Time | null
  }
  readonly gateSessions: GateSession & {
    /** Of the list of ended ones, as for certificates. */
    readonly listed: number | null
    readonly unlisted: number | null
  }
  /** One row. */
  readonly gateEndedHead: { readonly id: 1; readonly generation: number }
  readonly gateSetups: GateSetup
  readonly gateInvitations: GateInvitation
  readonly gateDelays: GateFailures
  readonly pastes: Omit<PasteRow, PasteFlag> & { readonly [Flag in PasteFlag]: 0 | 1 }
  readonly settings: { readonly name: string; readonly value: string }
}
