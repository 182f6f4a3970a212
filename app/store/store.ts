import type { RevocationReason } from '../../pki/revocation-reason.ts'
import type { GateStore } from './gate-store.ts'

/** Milliseconds since 1970, UTC, as all times in the store. */
export type Time = number

/** Where a certificate came from. `script`: `make generate-keys`, by way of its ledger. */
export const ORIGINS = ['script', 'register', 'request', 'issue', 'renew'] as const
export type Origin = (typeof ORIGINS)[number]

/** A person, once: whoever has the same name key is refused, whatever the case, blanks or look-alike letters. */
export interface Holder {
  readonly id: string
  readonly nameKey: string
  readonly commonName: string
  readonly organisation: string | null
  readonly email: string | null
  readonly createdAt: Time
}

/**
 * One serial number. A row is there before the CA key is used (`recorded`), and has its certificate afterwards
 * (`issued`). It counts as revoked from `revokedAt` on, which may lie ahead while a renewed one still overlaps.
 */
export interface CertificateRow {
  /** Upper-case hex, two digits to the octet, as `ParsedCertificate.serialNumber`. */
  readonly serial: string
  readonly holderId: string
  readonly state: 'recorded' | 'issued'
  readonly commonName: string
  readonly organisation: string | null
  readonly email: string | null
  /** SHA-256 of the subject public key info, upper-case hex. */
  readonly spki256: string
  readonly notBefore: Time
  readonly notAfter: Time
  /** Base64 of the DER of the TBSCertificate; empty for `script`, where another program has signed. */
  readonly toBeSigned: string
  readonly fingerprint256: string | null
  readonly pem: string | null
  readonly origin: Origin
  /** The serial of the certificate with which it was asked for or approved; `null`: without one. */
  readonly requestedBy: string | null
  readonly recordedAt: Time
  readonly issuedAt: Time | null
  readonly revokedAt: Time | null
  readonly revocationReason: RevocationReason | null
  readonly revokedBy: string | null
}

export const CERTIFICATE_STATUSES = ['recorded', 'valid', 'expired', 'revoked'] as const
export type CertificateStatus = (typeof CERTIFICATE_STATUSES)[number]

export const CERTIFICATE_ORDERS = ['newest', 'expiry', 'name'] as const
/** `newest` by when they were recorded; `expiry` the first to expire comes first; `name` whatever its case. */
export type CertificateOrder = (typeof CERTIFICATE_ORDERS)[number]

export interface CertificateQuery {
  readonly now: Time
  readonly status?: CertificateStatus
  /** Part of the common name, organisation, e-mail address or serial number; case does not count. */
  readonly search?: string
  readonly holderId?: string
  /** Left out, `newest`. */
  readonly order?: CertificateOrder
  /** Rows after this serial, in that order. */
  readonly after?: string
  readonly limit: number
}

export type RevokedRow = Pick<CertificateRow, 'serial' | 'revocationReason'> & { readonly revokedAt: Time }

export interface RevokedQuery {
  /** Revoked by then. */
  readonly at: Time
  /** Without those that have expired before. */
  readonly notExpiredBefore: Time
  /** Rows after this one. */
  readonly after?: Pick<RevokedRow, 'serial' | 'revokedAt'>
  readonly limit: number
}

export interface Certificates {
  /** @throws StoreConflict `serial` */
  record(row: CertificateRow): Promise<void>
  /** From `recorded` to `issued`; `false` when it is not `recorded` any more, or revoked meanwhile. */
  complete(
    serial: string,
    issued: { readonly pem: string; readonly fingerprint256: string; readonly issuedAt: Time },
  ): Promise<boolean>
  find(serial: string): Promise<CertificateRow | undefined>
  list(query: CertificateQuery): Promise<readonly CertificateRow[]>
  /** The issued ones that are neither revoked nor expired at `now`, and those being signed. */
  active(holderId: string, now: Time): Promise<readonly CertificateRow[]>
  withKey(spki256: string): Promise<readonly CertificateRow[]>
  /**
   * Only if it is not revoked by then already: `false` when it is. An earlier date replaces a later one, never the reverse.
   * What is on hold may be revoked for good, and keeps its date (RFC 5280 section 5.3.1); on hold comes only what is not
   * to be revoked at all, because the end of the hold would take that back.
   */
  revoke(
    serial: string,
    revocation: { readonly at: Time; readonly reason: RevocationReason; readonly by: string | null },
  ): Promise<boolean>
  /** Ends a hold: `false` when it is not on hold. */
  unhold(serial: string): Promise<boolean>
  /** In the order of their revocation. */
  revoked(query: RevokedQuery): Promise<readonly RevokedRow[]>
  /** Whether any counts as revoked since then: `after < revokedAt <= until`. */
  isAnyRevoked(after: Time, until: Time): Promise<boolean>
  /** `recorded` since before `time`, and not revoked: their signer has died. */
  unfinished(before: Time): Promise<readonly CertificateRow[]>
  /** Issued ones that are not revoked and expire in `[from, to)`. */
  expiring(from: Time, to: Time): Promise<readonly CertificateRow[]>
  counts(now: Time): Promise<Readonly<Record<CertificateStatus, number>>>
}

export interface Holders {
  /** @throws StoreConflict `name` when the name key is taken */
  add(holder: Holder): Promise<void>
  byNameKey(nameKey: string): Promise<Holder | undefined>
  find(id: string): Promise<Holder | undefined>
  countOfOrganisation(organisation: string): Promise<number>
}

export const REQUEST_STATUSES = ['waiting', 'approved', 'rejected', 'issued'] as const
export type RequestStatus = (typeof REQUEST_STATUSES)[number]

/** Something that is asked for and not decided by the asking itself. */
export interface RequestRow {
  /** 128 random bits, 32 hex digits in lower case: whoever knows it may see how it stands. */
  readonly id: string
  /** SHA-256 of what is asked for, upper-case hex: what an approval has to name. */
  readonly sha256: string
  readonly status: RequestStatus
  readonly commonName: string
  readonly organisation: string | null
  readonly email: string | null
  /** PEM; `null`: the key is made when an approved request is collected. */
  readonly csr: string | null
  readonly spki256: string | null
  /** What was asked for and will not be granted, in sentences. */
  readonly warnings: readonly string[]
  readonly requestedAt: Time
  /** Network address. */
  readonly requestedFrom: string | null
  readonly decidedAt: Time | null
  /** Serial of the administrator's certificate. */
  readonly decidedBy: string | null
  readonly reason: string | null
  /** Of the certificate that came of it. */
  readonly serial: string | null
}

export interface RequestQuery {
  readonly status?: RequestStatus
  /** Rows after this id, newest first. */
  readonly after?: string
  readonly limit: number
}

export interface Requests {
  add(row: RequestRow): Promise<void>
  find(id: string): Promise<RequestRow | undefined>
  list(query: RequestQuery): Promise<readonly RequestRow[]>
  countWaiting(): Promise<number>
  /** The one compare-and-set: changes a request that is still `from`, and says whether it was. */
  advance(
    id: string,
    from: RequestStatus,
    to: Pick<RequestRow, 'status'> &
      Partial<Pick<RequestRow, 'decidedAt' | 'decidedBy' | 'reason' | 'serial'>>,
  ): Promise<boolean>
}

/** What may happen once: a challenge is spent, the first administrator made. */
export interface Once {
  /** `false` when it was done before. @param until when it may be forgotten */
  spend(name: string, until: Time): Promise<boolean>
  countSince(prefix: string, since: Time): Promise<number>
  forget(before: Time): Promise<void>
}

/** Times from `from` on, in `slots` of `slotMs` each. */
export interface Span {
  readonly from: Time
  readonly slotMs: number
  readonly slots: number
}

/** How many there are in each slot of a span. */
export interface Figures {
  /** Issued and not revoked by `now`. */
  expiring(span: Span, now: Time): Promise<readonly number[]>
  issued(span: Span): Promise<readonly number[]>
  revoked(span: Span): Promise<readonly number[]>
}

/** What happened, before it is in the chain. `record` is what is hashed: canonical JSON of the whole event. */
export interface ChainedEvent {
  /** From 1, without a gap. */
  readonly sequence: number
  readonly record: string
  /** SHA-256, upper-case hex; 64 zeros before the first. */
  readonly previousHash: string
  readonly hash: string
}

export interface AuditTrail {
  /** @returns the event with its place in the chain; in the transaction of the decision that it is about */
  append(
    event: { readonly event: string; readonly at: Time } & Readonly<Record<string, unknown>>,
  ): Promise<ChainedEvent>
  /** In order, after this sequence number. */
  list(query: { readonly after: number; readonly limit: number }): Promise<readonly ChainedEvent[]>
  /** The newest first, before this sequence number. */
  before(query: { readonly sequence: number; readonly limit: number }): Promise<readonly ChainedEvent[]>
  head(): Promise<{ readonly sequence: number; readonly hash: string }>
}

export interface Mail {
  readonly id: string
  /** Two mails with the same key are one. */
  readonly key: string
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly attachments: readonly {
    readonly filename: string
    readonly contentType: string
    readonly content: string
  }[]
  readonly createdAt: Time
  readonly attempts: number
  readonly nextAttemptAt: Time
  readonly sentAt: Time | null
  readonly lastError: string | null
}

export interface Outbox {
  /** `false` when a mail with that key is there already. */
  add(mail: Mail): Promise<boolean>
  /** Due ones, each claimed until `claimUntil`, so that two processes do not send the same. */
  claim(due: {
    readonly now: Time
    readonly claimUntil: Time
    readonly limit: number
  }): Promise<readonly Mail[]>
  sent(id: string, at: Time): Promise<void>
  failed(id: string, failure: { readonly error: string; readonly nextAttemptAt: Time }): Promise<void>
}

/** A certificate revocation list as it is published, without the list. */
export interface RevocationListInfo {
  /** Higher for each list, also after an old backup was restored. */
  readonly number: number
  /** Of the list for proxies when it was begun. */
  readonly generation: number
  readonly thisUpdate: Time
  readonly nextUpdate: Time
  readonly entries: number
}

/** All of it in one statement, so that nobody sees half of one. */
export interface RevocationList extends RevocationListInfo {
  /** Base64 of the DER. */
  readonly der: string
}

export interface RevocationLists {
  newest(): Promise<RevocationListInfo | undefined>
  /** With the list itself. */
  read(): Promise<RevocationList | undefined>
  /**
   * A number that no list has or will have, for a list to be made by `until`; `undefined` while somebody else makes one,
   * or when there is another than the one that the caller knows.
   */
  begin(intent: ListIntent): Promise<Begun | undefined>
  /** Whether it was published: not if a newer one is there. In a transaction. */
  publish(list: RevocationList): Promise<boolean>
  /** Nothing has come of it: others need not wait. */
  giveUp(number: number): Promise<void>
}

export interface ListIntent {
  readonly now: Time
  readonly until: Time
  /** The number of the newest that the caller knows; 0: of none. */
  readonly after: number
}

export type Begun = Pick<RevocationListInfo, 'number' | 'generation'>

/** A serial number, or a session, and since which generation it is on a list for proxies, or is not any more. */
export interface ListedRow {
  readonly entry: string
  readonly generation: number
}

export interface ListQuery {
  readonly change: 'listed' | 'unlisted'
  /** Rows after this one. */
  readonly after: ListedRow
  /** Up to and including this generation. */
  readonly upTo: number
  readonly limit: number
}

/** What the proxies refuse, with generations that only rise, so that a proxy can ask for what is new. */
export interface ProxyList {
  /** Of the last change; above 0. */
  generation(): Promise<number>
  /** Puts on it what belongs on it by now, and takes off what has expired. */
  refresh(): Promise<void>
  /** To this generation at least: it was given, although the store does not know it any more. */
  raise(generation: number): Promise<void>
  /** In the order of `generation` and then `entry`. */
  changes(query: ListQuery): Promise<readonly ListedRow[]>
}

/** One paste: whose it is, how long it lives and which content it has. The content itself is a file. */
export interface PasteRow {
  /** 128 random bits, 32 hex digits in lower case: whoever knows it may read what is not private. */
  readonly id: string
  /** Who may delete it, as a key; `null`: nobody's. */
  readonly owner: string | null
  /** How the owner is shown. */
  readonly ownerName: string | null
  /** Made by somebody whom no authority vouches for. */
  readonly isStrangers: boolean
  /** Of the content, upper-case hex; `null` when that is gone. */
  readonly sha256: string | null
  /** Octets. */
  readonly size: number
  readonly mediaType: string
  readonly fileName: string | null
  readonly isPrivate: boolean
  /** Goes with its first reader. */
  readonly isBurning: boolean
  readonly burntAt: Time | null
  readonly createdAt: Time
  readonly expiresAt: Time
}

export interface PasteQuery {
  /** Those that have not expired by then. */
  readonly now: Time
  readonly owner?: string
  /** Rows after this id, newest first. */
  readonly after?: string
  readonly limit: number
}

/** Of the pastes that have a content; two with the same content count twice. */
export interface PasteFigures {
  readonly count: number
  readonly octets: number
}

export interface Pastes {
  add(row: PasteRow): Promise<void>
  find(id: string): Promise<PasteRow | undefined>
  list(query: PasteQuery): Promise<readonly PasteRow[]>
  /** `false` when it is not there. */
  remove(id: string): Promise<boolean>
  /** Takes the content away: of two who do it at the same time, one is told `true`. */
  burn(id: string, at: Time): Promise<boolean>
  /** Takes the content away from some of those that have expired by then. @returns them as they were */
  expire(now: Time, limit: number): Promise<readonly PasteRow[]>
  /** Rows that expired before then. */
  forget(before: Time): Promise<void>
  /** Which of these contents a paste has. */
  named(sha256s: readonly string[]): Promise<ReadonlySet<string>>
  /** Every content once, in order, after this one. */
  contents(query: { readonly after: string; readonly limit: number }): Promise<readonly string[]>
  figures(): Promise<{ readonly all: PasteFigures; readonly strangers: PasteFigures }>
}

/** Small values that all processes on one store share. */
export interface Settings {
  /** The value that is there, or else `value`, which it then keeps. */
  ensure(name: string, value: string): Promise<string>
}

export interface Aggregates {
  readonly holders: Holders
  readonly certificates: Certificates
  readonly requests: Requests
  readonly once: Once
  readonly audit: AuditTrail
  readonly outbox: Outbox
  readonly pastes: Pastes
  readonly figures: Figures
  readonly settings: Settings
  readonly revocationLists: RevocationLists
  readonly gate: GateStore
  /** Of revoked certificates. */
  readonly proxyList: ProxyList
}

/**
 * What must not be lost. Every method may throw AppError STORE_UNAVAILABLE (locked, full, away): then nothing of the
 * transaction has happened.
 */
export interface Store extends Aggregates, AsyncDisposable {
  /** All of `work` or nothing. Inside, only what it is given is used: the store itself would wait for its own end. */
  transaction<Result>(work: (within: Aggregates) => Promise<Result>): Promise<Result>
  /** Resolves when the database answers. */
  ping(): Promise<void>
}

/** A unique index says no: of two at the same time, this one was second. */
export class StoreConflict extends Error {
  override readonly name = 'StoreConflict'
  readonly what: 'serial' | 'name' | 'fingerprint' | 'key' | 'gate user'

  constructor(what: StoreConflict['what'], options?: ErrorOptions) {
    super(`There is one with this ${what} already.`, options)
    this.what = what
  }
}
