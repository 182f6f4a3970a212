import { createApp } from './app.ts'
import { createAuditBuffer } from './authority/audit-buffer.ts'
import { openAuthority } from './authority/authority.ts'
import { createLedgerImport } from './authority/import-ledger.ts'
import { openClientCa } from './authority/open-client-ca.ts'
import { DEFAULT_POLICY, loadPolicy } from './authority/policy.ts'
import { type Job, startJobs } from './background.ts'
import { type Config, loadConfig } from './config.ts'
import { DEFAULT_DATABASE_URL } from './database-url.ts'
import { createDrain } from './drain.ts'
import { AppError } from './errors.ts'
import { listen } from './listen.ts'
import { createAuditLog, createLogger, type Logger } from './logger.ts'
import { createReminders } from './mail/expiry-reminders.ts'
import { parseMailFrom } from './mail/mail-from.ts'
import { createMailer } from './mail/mailer.ts'
import { createPost, NO_POST } from './mail/post.ts'
import { parseSmtpUrl } from './mail/smtp-url.ts'
import { createMetrics } from './metrics.ts'
import { ofSetting } from './of-setting.ts'
import { createServer } from './server.ts'
import { statusUrlsBelow } from './status-urls.ts'
import { openStore } from './store/open-store.ts'
import type { ChainedEvent, Store } from './store/store.ts'

// Below the ten seconds after which Docker kills.
const DRAIN_MS = 8_000
const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

// Our own choice: whoever has a mail server sets a sender that it accepts.
const DEFAULT_MAIL_FROM = 'Gatehouse <gatehouse@gatehouse.localhost>'

const now = () => new Date()

async function serve(config: Config): Promise<void> {
  await using closing = new AsyncDisposableStack()
  const logger = createLogger(config.logLevel)
  const metrics = createMetrics()
  const { issuer, signer } = await openClientCa(config)
  const policy = await loadPolicy(config.enrolment.policy ?? DEFAULT_POLICY)
  const { smtpUrl, mailFrom = DEFAULT_MAIL_FROM, databaseUrl: url = DEFAULT_DATABASE_URL } = config
  const smtp = smtpUrl && (await ofSetting('GATEHOUSE_SMTP_URL', () => parseSmtpUrl(smtpUrl)))
  const from = await ofSetting('GATEHOUSE_MAIL_FROM', () => parseMailFrom(mailFrom))

  const store = closing.use(await ofSetting('GATEHOUSE_DATABASE_URL', () => openStore({ url, now })))
  const post = smtp ? createPost({ now, publicUrl: config.publicUrl }) : NO_POST
  const audit = createAuditLog(logger)
  const publish = ({ record, sequence, hash }: ChainedEvent) => {
    const event = JSON.parse(record)
    audit({ ...event, sequence, hash })
    metrics.countAudit(event.event, event.code ?? '')
  }
  const statusUrls = config.publicUrl === undefined ? undefined : statusUrlsBelow(config.publicUrl)
  const { rules } = config.enrolment
  const context = { store, issuer, signer, policy, post, publish, now, rules, statusUrls }
  const authority = openAuthority(context)
  const { revocationLists } = authority
  metrics.showRevocationList(() => revocationLists.lastSeen(), now)
  const buffer = createAuditBuffer({
    store,
    now,
    onLost: (count, err) => logger.error({ kind: 'audit-lost', count, err }),
  })
  closing.defer(() => buffer.flush())

  const jobs: Job[] = [
    { name: 'recover', everyMs: MINUTE_MS, run: () => authority.recover() },
    // A tenth: however fast certificates are revoked, most of the time is for requests.
    { name: 'crl', everyMs: SECOND_MS, share: 0.1, run: () => revocationLists.publish() },
    { name: 'forget', everyMs: HOUR_MS, run: () => store.once.forget(now().getTime()) },
  ]
  const { ledgerFile } = config.enrolment
  if (ledgerFile !== undefined) {
    const importLedger = createLedgerImport(context, ledgerFile)
    // Once before anybody can ask: whether there is an administrator, and which names and keys are taken, is in it.
    await importLedger()
    jobs.push({ name: 'ledger', everyMs: 2 * SECOND_MS, run: importLedger })
  }
  if (smtp) {
    const mailer = createMailer({ store, smtp, from, logger, now })
    mailer.start()
    closing.defer(() => mailer.stop())
    const reminders = createReminders({ store, post, now })
    jobs.push({ name: 'reminders', everyMs: HOUR_MS, run: () => reminders.run() })
  }
  closing.use(startJobs(jobs, logger))

  let isListening = false
  const app = createApp({
    config,
    logger,
    metrics,
    store,
    authority,
    clientCa: { issuer, isSigning: signer !== undefined },
    onAudit: event => buffer.add(event),
    isReady: async () => isListening && (await answers(store)) && (await revocationLists.isInTime()),
    now,
  })
  const server = createServer(config, app)
  const drain = createDrain(server)
  const { address, port } = await listen(server, config.host, config.port)
  isListening = true
  logger.info({ kind: 'listening', front: config.front, address, port })
  await untilSignal(logger, async () => {
    isListening = false
    return await drain.begin(DRAIN_MS)
  })
}

async function answers(store: Store): Promise<boolean> {
  return await store.ping().then(
    () => true,
    () => false,
  )
}

async function untilSignal(logger: Logger, stop: () => Promise<boolean>): Promise<void> {
  const signal = await nextSignal()
  logger.info({ kind: 'draining', signal })
  const isClean = await stop()
  logger.info({ kind: 'stopped', isClean })
}

/** A second signal has its usual effect, for whoever cannot wait. */
function nextSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>()
  const signals = ['SIGTERM', 'SIGINT'] as const
  const stop = (signal: NodeJS.Signals) => {
    for (const each of signals) process.off(each, stop)
    resolve(signal)
  }
  for (const each of signals) process.on(each, stop)
  return promise
}

try {
  await serve(loadConfig(process.env))
} catch (error) {
  if (!(error instanceof AppError)) throw error
  console.error(error.message)
  process.exitCode = error.code === 'CONFIG_INVALID' ? 2 : 1
}
