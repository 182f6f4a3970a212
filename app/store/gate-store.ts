import type { GateMeans } from '../gate-means.ts'
import type { CertificateRow, ProxyList, Time } from './store.ts'

/** A person who logs in with one-time codes. One that was removed stays on record, without what it could log in with. */
export interface GateUser {
  readonly id: string
  readonly holderId: string
  readonly means: GateMeans
  /** Of the certificate that it was set up with; without a good one, nobody logs in. `null`: on no certificate's word. */
  readonly serial: string | null
  /** The TOTP secret, sealed. */
  readonly secret: string
  /** The time step of the last code that was taken (RFC 6238 section 5.2). */
  readonly lastStep: number
  readonly createdAt: Time
  readonly lastLoginAt: Time | null
  readonly removedAt: Time | null
}

/** With the holder's common name. */
export type GatePerson = GateUser & { readonly name: string }

export interface GatePersonRow extends GatePerson {
  readonly recoveryCodesLeft: number
  /** How many are open. */
  readonly sessions: number
}

export interface GateUsers {
  /** @throws StoreConflict `gate user` when the holder has one */
  add(user: GateUser, recoveryHashes: readonly string[]): Promise<void>
  find(id: string): Promise<GatePerson | undefined>
  /** Not a removed one. */
  byHolder(holderId: string): Promise<GatePerson | undefined>
  /** Not a removed one. */
  byNameKey(nameKey: string): Promise<GatePerson | undefined>
  /** By id, after this one, not the removed ones. */
  list(query: {
    readonly now: Time
    readonly after: string
    readonly limit: number
  }): Promise<readonly GatePersonRow[]>
  /** Whether this person is a user, or was one. */
  wasOne(holderId: string): Promise<boolean>
  /** Whether the certificate that this user depends on, if there is one, is good, and its holder has a valid one. */
  isGood(id: string, now: Time): Promise<boolean>
  /** The one compare-and-set: of two who bring the same code, or an older one, the second is told `false`. */
  advance(id: string, step: number, at: Time): Promise<boolean>
  /** Spends a recovery code; `false` when there is none like it left. */
  recover(id: string, hash: string, at: Time): Promise<boolean>
  recoveryCodesLeft(id: string): Promise<number>
  /** `false` when it was removed before. Its secret and recovery codes are forgotten. */
  remove(id: string, at: Time): Promise<boolean>
}

/** A login; every token of it has its `id` as `jti`. */
export interface GateSession {
  /** 128 random bits, upper-case hex. */
  readonly id: string
  readonly userId: string
  readonly createdAt: Time
  /** When it ends whatever happens. */
  readonly expiresAt: Time
  /** Of the token that is good for the longest. */
  readonly tokenExpiresAt: Time
  /** Of the certificate that was presented at the login. */
  readonly serial: string | null
  readonly endedAt: Time | null
}

/** A session that is open, and who it is. */
export type OpenGateSession = Omit<GateSession, 'endedAt'> & Pick<GatePerson, 'name' | 'means' | 'holderId'>

export interface GateSessions {
  open(session: GateSession): Promise<void>
  /** Neither ended nor expired, its user neither removed nor without a good certificate. */
  find(id: string, now: Time): Promise<OpenGateSession | undefined>
  /** For another token; `false` when it has ended. */
  extend(id: string, tokenExpiresAt: Time): Promise<boolean>
  /** The open ones among these; the answer says which those were. */
  end(which: { readonly id: string } | { readonly userId: string }, at: Time): Promise<readonly string[]>
  /** Open in the table, but not to `find`, because what they depend on has gone: all of them, or those of a certificate. */
  orphans(
    now: Time,
    certificate?: Pick<CertificateRow, 'serial' | 'holderId'>,
  ): Promise<readonly Pick<OpenGateSession, 'id' | 'name'>[]>
  /** Those that expired before, with their last token, and are on no list. */
  forget(before: Time): Promise<void>
}

/** Codes that were shown to somebody who has not shown yet that they work. */
export interface GateSetup {
  /** SHA-256 of what the browser keeps. */
  readonly id: string
  readonly means: GateMeans
  readonly name: string
  /** Of the certificate that was presented, for `certificate`. */
  readonly fingerprint256: string | null
  /** The hash of the code, for `invitation`. */
  readonly invitation: string | null
  /** The TOTP secret, sealed. */
  readonly secret: string
  readonly expiresAt: Time
}

export interface GateSetups {
  add(setup: GateSetup): Promise<void>
  find(id: string, now: Time): Promise<GateSetup | undefined>
  /** `false` when somebody else has, or it has expired. */
  take(id: string, now: Time): Promise<boolean>
  forget(before: Time): Promise<void>
}

export interface GateInvitation {
  /** Of the code. */
  readonly hash: string
  readonly name: string
  readonly nameKey: string
  /** Whom it is for; `null`: nobody was on record under this name. */
  readonly holderId: string | null
  readonly expiresAt: Time
}

export interface GateInvitations {
  /** In the place of an earlier one for the same name. */
  add(invitation: GateInvitation): Promise<void>
  find(hash: string, now: Time): Promise<GateInvitation | undefined>
  /** The first to expire comes first. */
  list(query: { readonly now: Time; readonly limit: number }): Promise<readonly GateInvitation[]>
  /** It is spent. */
  take(hash: string): Promise<void>
  forget(before: Time): Promise<void>
}

/** Wrong codes of one name, or from one address. */
export interface GateFailures {
  readonly key: string
  readonly failures: number
  /** Until when nothing is tried. */
  readonly delayedUntil: Time
  /** When it counts as if nothing had happened. */
  readonly forgetAt: Time
}

export interface GateDelays {
  find(keys: readonly string[], now: Time): Promise<readonly GateFailures[]>
  put(row: GateFailures): Promise<void>
  drop(key: string): Promise<void>
  forget(before: Time): Promise<void>
}

/** All that the gate keeps. */
export interface GateStore {
  readonly users: GateUsers
  readonly sessions: GateSessions
  readonly setups: GateSetups
  readonly invitations: GateInvitations
  readonly delays: GateDelays
  /** Sessions that have ended, for proxies to refuse. */
  readonly ended: ProxyList
}
