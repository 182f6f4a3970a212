import { randomBytes, randomUUID } from 'node:crypto'
import type { GateSession, GateUser } from '../../../app/store/gate-store.ts'
import type { CertificateRow, Holder, Mail, PasteRow, RequestRow } from '../../../app/store/store.ts'

/** A Tuesday: rows are dated around it, so that nothing depends on the day of the test. */
export const NOON = Date.UTC(2026, 0, 6, 12)
export const DAY = 86_400_000

export function hex(octets = 16): string {
  return randomBytes(octets).toString('hex').toUpperCase()
}

export function holder(over: Partial<Holder> = {}): Holder {
  const commonName = over.commonName ?? `Person ${hex(4)}`
  return {
    id: randomUUID(),
    nameKey: commonName.toLowerCase(),
    commonName,
    organisation: null,
    email: null,
    createdAt: NOON,
    ...over,
  }
}

/** What is on record before the key of the CA is used. */
export function recorded(of: Holder, over: Partial<CertificateRow> = {}): CertificateRow {
  return {
    serial: hex(),
    holderId: of.id,
    state: 'recorded',
    commonName: of.commonName,
    organisation: of.organisation,
    email: of.email,
    spki256: hex(32),
    notBefore: NOON,
    notAfter: NOON + 90 * DAY,
    toBeSigned: 'AAAA',
    fingerprint256: null,
    pem: null,
    origin: 'register',
    requestedBy: null,
    recordedAt: NOON,
    issuedAt: null,
    revokedAt: null,
    revocationReason: null,
    revokedBy: null,
    ...over,
  }
}

export function issued(of: Holder, over: Partial<CertificateRow> = {}): CertificateRow {
  return recorded(of, { state: 'issued', fingerprint256: hex(32), pem: 'PEM', issuedAt: NOON, ...over })
}

export function request(over: Partial<RequestRow> = {}): RequestRow {
  return {
    id: hex().toLowerCase(),
    sha256: hex(32),
    status: 'waiting',
    commonName: 'Ada Lovelace',
    organisation: null,
    email: null,
    csr: null,
    spki256: null,
    warnings: [],
    requestedAt: NOON,
    requestedFrom: '192.0.2.7',
    decidedAt: null,
    decidedBy: null,
    reason: null,
    serial: null,
    ...over,
  }
}

export function mail(over: Partial<Mail> = {}): Mail {
  return {
    id: randomUUID(),
    key: hex(),
    to: 'ada@example.org',
    subject: 'Your certificate',
    text: 'It is attached.',
    attachments: [],
    createdAt: NOON,
    attempts: 0,
    nextAttemptAt: NOON,
    sentAt: null,
    lastError: null,
    ...over,
  }
}

export function gateUser(of: Holder, over: Partial<GateUser> = {}): GateUser {
  return {
    id: randomUUID(),
    holderId: of.id,
    means: 'invitation',
    serial: null,
    secret: 'sealed',
    lastStep: 1,
    createdAt: NOON,
    lastLoginAt: null,
    removedAt: null,
    ...over,
  }
}

export function gateSession(of: GateUser, over: Partial<GateSession> = {}): GateSession {
  return {
    id: hex(),
    userId: of.id,
    createdAt: NOON,
    expiresAt: NOON + DAY,
    tokenExpiresAt: NOON + 600_000,
    serial: null,
    endedAt: null,
    ...over,
  }
}

export function paste(over: Partial<PasteRow> = {}): PasteRow {
  return {
    id: hex().toLowerCase(),
    owner: null,
    ownerName: null,
    isStrangers: false,
    sha256: hex(32),
    size: 1000,
    mediaType: 'text/plain; charset=utf-8',
    fileName: null,
    isPrivate: false,
    isBurning: false,
    burntAt: null,
    createdAt: NOON,
    expiresAt: NOON + DAY,
    ...over,
  }
}
