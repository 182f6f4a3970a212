import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { createLogger } from '../../../../app/logger.ts'
import { parseMailFrom } from '../../../../app/mail/mail-from.ts'
import { createMailer, type Mailer, type MailerOptions } from '../../../../app/mail/mailer.ts'
import { parseSmtpUrl } from '../../../../app/mail/smtp-url.ts'
import { openStore } from '../../../../app/store/open-store.ts'
import type { CertificateRow, Mail, RequestRow, Store } from '../../../../app/store/store.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
export const START = Date.UTC(2026, 10, 24, 12, 0, 0)
/** After everything that is ever due. */
export const END_OF_TIME = 8_640_000_000_000_000

export interface Clock {
  time: number
  readonly now: () => Date
}

export function createClock(time = START): Clock {
  const clock = { time, now: () => new Date(clock.time) }
  return clock
}

export interface Received {
  readonly from: string
  readonly to: readonly string[]
  readonly isEncrypted: boolean
  readonly user: string | undefined
  readonly mail: ParsedMail
}

/** What it is asked for, it answers with such a code; `undefined`: it agrees. */
export interface Manners {
  mailFrom?: (address: string) => number | undefined
  recipient?: (address: string) => number | undefined
  message?: () => number | undefined
  /** Between the end of a message and the answer. */
  beforeAnswer?: (mail: ParsedMail) => Promise<void>
}

export interface MailServer extends AsyncDisposable {
  readonly port: number
  /** What it has taken. */
  readonly received: Received[]
  /** All that it was asked to send to, taken or not. */
  readonly recipients: string[]
  readonly manners: Manners
}

function refusal(code: number | undefined, why: string): Error | null {
  return code === undefined ? null : Object.assign(new Error(why), { responseCode: code })
}

/** A real SMTP server in this process. */
export async function startMailServer(options: SMTPServerOptions = {}, port = 0): Promise<MailServer> {
  const received: Received[] = []
  const recipients: string[] = []
  const manners: Manners = {}
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onMailFrom: ({ address }, _session, callback) =>
      callback(refusal(manners.mailFrom?.(address), 'not from you')),
    onRcptTo({ address }, _session, callback) {
      recipients.push(address)
      callback(refusal(manners.recipient?.(address), `not for ${address}`))
    },
    async onData(stream, { envelope, secure, user }, callback) {
      const mail = await simpleParser(stream)
      await manners.beforeAnswer?.(mail)
      const refused = refusal(manners.message?.(), 'not such a message')
      const from = envelope.mailFrom ? envelope.mailFrom.address : ''
      const to = envelope.rcptTo.map(({ address }) => address)
      if (!refused) received.push({ from, to, isEncrypted: secure, user, mail })
      callback(refused)
    },
    ...options,
  })
  // A client that does not believe the certificate, or is killed, is what some tests are about.
  server.on('error', () => {})
  const listening = server.listen(port, '127.0.0.1')
  await once(listening, 'listening')
  return {
    port: (listening.address() as AddressInfo).port,
    received,
    recipients,
    manners,
    [Symbol.asyncDispose]: () => new Promise(resolve => void server.close(() => resolve())),
  }
}

/** A mailer with its log; everything but the server has a default. */
export function makeMailer(
  url: string,
  { store, clock, ...over }: { store: Store; clock: Clock } & Partial<MailerOptions>,
): Mailer & { readonly log: string[] } {
  const log: string[] = []
  const mailer = createMailer({
    store,
    smtp: parseSmtpUrl(url),
    from: parseMailFrom('Gatehouse <ca@gatehouse.example>'),
    logger: createLogger('debug', { write: line => void log.push(line) }),
    now: clock.now,
    ...over,
  })
  return { ...mailer, log }
}

export async function openMemory(clock: Clock): Promise<Store> {
  return await openStore({ url: 'sqlite::memory:', now: clock.now })
}

let count = 0

/** Of Grace, new each time. */
export function makeCertificateRow(over: Partial<CertificateRow> = {}): CertificateRow {
  count += 1
  const serial = count.toString(16).toUpperCase().padStart(32, '0')
  return {
    serial,
    holderId: 'grace',
    state: 'issued',
    commonName: 'Grace Hopper',
    organisation: 'Gatehouse',
    email: 'grace@example.org',
    spki256: 'AB'.repeat(32),
    notBefore: START,
    notAfter: START + 90 * DAY,
    toBeSigned: '',
    fingerprint256: serial + serial,
    pem: `-----BEGIN CERTIFICATE-----\n${serial}\n-----END CERTIFICATE-----\n`,
    origin: 'register',
    requestedBy: null,
    recordedAt: START,
    issuedAt: START,
    revokedAt: null,
    revocationReason: null,
    revokedBy: null,
    ...over,
  }
}

export function makeRequestRow(over: Partial<RequestRow> = {}): RequestRow {
  return {
    id: '0123456789abcdef0123456789abcdef',
    sha256: 'CD'.repeat(32),
    status: 'rejected',
    commonName: 'Grace Hopper',
    organisation: 'Gatehouse',
    email: 'grace@example.org',
    csr: null,
    spki256: null,
    warnings: [],
    requestedAt: START,
    requestedFrom: '192.0.2.1',
    decidedAt: START + HOUR,
    decidedBy: '01',
    reason: 'Nobody here knows you.',
    serial: null,
    ...over,
  }
}

/** A mail as the outbox keeps it, new each time. */
export function makeMail(over: Partial<Mail> = {}): Mail {
  count += 1
  return {
    id: `mail-${String(count).padStart(6, '0')}`,
    key: `key-${count}`,
    to: 'grace@example.org',
    subject: 'A subject',
    text: 'A text.\n',
    attachments: [],
    createdAt: START,
    attempts: 0,
    nextAttemptAt: START,
    sentAt: null,
    lastError: null,
    ...over,
  }
}

/** Everything that is not sent, given up or not. For the end of a test: it claims them all. */
export async function unsent({ outbox }: Store): Promise<readonly Mail[]> {
  return await outbox.claim({ now: END_OF_TIME, claimUntil: END_OF_TIME, limit: 1_000 })
}
