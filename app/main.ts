import { createApp } from './app.ts'
import { createAuditBuffer } from './authority/audit-buffer.ts'
import { type Authority, openAuthority } from './authority/authority.ts'
import type { AuthorityContext } from './authority/decide.ts'
import { createLedgerImport } from './authority/import-ledger.ts'
import { openClientCa } from './authority/open-client-ca.ts'
import { DEFAULT_POLICY, loadPolicy } from './authority/policy.ts'
import { type Job, startJobs } from './background.ts'
import { type Config, loadConfig } from './config.ts'
import { DEFAULT_DATABASE_URL } from './database-url.ts'
import { createDrain } from './drain.ts'
import { AppError } from './errors.ts'
import { type Gate, openGate } from './gate/gate.ts'
import { listen } from './listen.ts'
import { createAuditLog, createLogger, type Logger } from './logger.ts'
import { createReminders } from './mail/expiry-reminders.ts'
import { parseMailFrom } from './mail/mail-from.ts'
import { createMailer } from './mail/mailer.ts'
import { createPost, NO_POST, type Post } from './mail/post.ts'
import { parseSmtpUrl } from './mail/smtp-url.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { ofSetting } from './of-setting.ts'
import { openContentFolder } from './pastes/content-folder.ts'
import { openPastebin, type Pastebin } from './pastes/pastebin.ts'
import { createServer } from './server.ts'
import { statusUrlsBelow } from './status-urls.ts'
import { openStore } from './store/open-store.ts'
import type { ChainedEvent, Store } from './store/store.ts'
import { openFormKey } from './web/form-tokens.ts'
import { ENROLMENT_SCRIPT } from './web/script-router.ts'

// Below the ten seconds after which Docker kills.
const DRAIN_MS = 8_000
const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

// Our own choice: whoever has a mail server sets a sender that it accepts.
const DEFAULT_MAIL_FROM = 'Gatehouse <gatehouse@gatehouse.localhost>'

const now = () => new Date()

/** The dependency graph; what is opened first is closed last. */
async function serve(config: Config): Promise<void> {
  await using closing = new AsyncDisposableStack()
  const logger = createLogger(config.logLevel)
  const metrics = createMetrics()
  const parts = { config, logger, metrics }
  const mail = await openMail(parts)
  const context = await openContext(parts, mail?.post ?? NO_POST, store => closing.use(store))
  const gate = config.gate && (await openGate(config.gate, context))
  const authority = openAuthority({ ...context, atRevocation: gate?.atRevocation })
  const { store } = context
  const { revocationLists, proxies } = authority
  metrics.showRevocationList(() => revocationLists.lastSeen(), now)
  metrics.showProxies(proxies)
  const onLost = (count: number, err: unknown) => logger.error({ kind: 'audit-lost', count, err })
  const pastebin = await openPastes(parts, context)
  metrics.showPastes(() => store.pastes.figures())
  const buffer = createAuditBuffer({ store, now, onLost })
  closing.defer(() => buffer.flush())
  const mailer = mail && createMailer({ ...mail, store, logger, now })
  mailer?.start()
  closing.defer(async () => mailer?.stop())
  // Before anybody can ask: after an update of Gatehouse or a restore the list is not what it should be.
  await store.proxyList.refresh()
  const jobs = [
    ...(await jobsOf(config, context, authority)),
    ...pasteJobs(pastebin),
    ...gateJobs(gate, store),
  ]
  closing.use(startJobs(jobs, logger))

  let isListening = false
  const app = createApp({
    ...parts,
    store,
    authority,
    gate,
    pastebin,
    formKey: await openFormKey(store),
    clientCa: { issuer: context.issuer, isSigning: context.signer !== undefined },
    onAudit: event => buffer.add(event),
    isReady: async () => isListening && (await answers(store)) && (await revocationLists.isInTime()),
    now,
  })
  if (!ENROLMENT_SCRIPT) logger.warn({ kind: 'browser-script-absent', repair: 'npm run bundle' })
  const server = createServer(config, app)
  const drain = createDrain(server)
  const { address, port } = await listen(server, config.host, config.port)
  isListening = true
  logger.info({ kind: 'listening', front: config.front, address, port })
  await untilSignal(logger, async () => {
    isListening = false
    proxies.close()
    gate?.proxies.close()
    return await drain.begin(DRAIN_MS)
  })
}

interface Parts {
  readonly config: Config
  readonly logger: Logger
  readonly metrics: Metrics
}

/** `undefined`: no mail is sent. */
async function openMail({ config: { smtpUrl, mailFrom = DEFAULT_MAIL_FROM, publicUrl } }: Parts) {
  const from = await ofSetting('GATEHOUSE_MAIL_FROM', () => parseMailFrom(mailFrom))
  if (smtpUrl === undefined) return undefined
  const smtp = await ofSetting('GATEHOUSE_SMTP_URL', () => parseSmtpUrl(smtpUrl))
  return { smtp, from, post: createPost({ now, publicUrl }) }
}

/** What every decision needs. */
async function openContext(
  { config, logger, metrics }: Parts,
  post: Post,
  keep: (store: Store) => Store,
): Promise<AuthorityContext> {
  const { databaseUrl: url = DEFAULT_DATABASE_URL, publicUrl, enrolment } = config
  const clientCa = await openClientCa(config)
  const policy = await loadPolicy(enrolment.policy ?? DEFAULT_POLICY)
  const store = keep(await ofSetting('GATEHOUSE_DATABASE_URL', () => openStore({ url, now })))
  const log = createAuditLog(logger)
  const publish = ({ record, sequence, hash }: ChainedEvent) => {
    const event = JSON.parse(record)
    log({ ...event, sequence, hash })
    metrics.countAudit(event.event, event.code ?? '')
  }
  const statusUrls = publicUrl === undefined ? undefined : statusUrlsBelow(publicUrl)
  const { rules } = enrolment
  const { observeRefusal: onRefused } = metrics
  return { ...clientCa, store, policy, post, publish, onRefused, now, rules, statusUrls }
}

async function openPastes(
  { config: { pastes }, logger }: Parts,
  { store, publish }: AuthorityContext,
): Promise<Pastebin> {
  const folder = await ofSetting('GATEHOUSE_PASTES_DIR', () => openContentFolder(pastes.dir))
  const onTrouble = (trouble: string, details: object) =>
    logger.error({ kind: 'pastes', trouble, ...details })
  return openPastebin({ store, publish, now, folder, total: pastes.total, onTrouble })
}

function pasteJobs(pastebin: Pastebin): readonly Job[] {
  return [
    { name: 'pastes-expire', everyMs: MINUTE_MS, run: () => pastebin.expire() },
    { name: 'pastes-tidy', everyMs: HOUR_MS, run: () => pastebin.tidy() },
  ]
}

/** What is done again and again, whoever calls. */
async function jobsOf(
  { enrolment: { ledgerFile } }: Config,
  context: AuthorityContext,
  authority: Authority,
): Promise<readonly Job[]> {
  const { store, post } = context
  const reminders = createReminders({ store, post, now })
  const jobs: Job[] = [
    { name: 'proxy-list', everyMs: SECOND_MS, run: () => store.proxyList.refresh() },
    { name: 'recover', everyMs: MINUTE_MS, run: () => authority.recover() },
    // A tenth: however fast certificates are revoked, most of the time is for requests.
    { name: 'crl', everyMs: SECOND_MS, share: 0.1, run: () => authority.revocationLists.publish() },
    { name: 'forget', everyMs: HOUR_MS, run: () => store.once.forget(now().getTime()) },
    { name: 'reminders', everyMs: HOUR_MS, run: () => reminders.run() },
  ]
  if (ledgerFile === undefined) return jobs
  const importLedger = createLedgerImport(context, ledgerFile)
  // Once before anybody can ask: whether there is an administrator, and which names and keys are taken, is in it.
  await importLedger()
  return [...jobs, { name: 'ledger', everyMs: 2 * SECOND_MS, run: importLedger }]
}

function gateJobs(gate: Gate | undefined, store: Store): readonly Job[] {
  if (!gate) return []
  return [
    { name: 'gate', everyMs: SECOND_MS, share: 0.1, run: () => gate.endOrphans() },
    { name: 'ended-list', everyMs: SECOND_MS, run: () => store.gate.ended.refresh() },
    { name: 'gate-forget', everyMs: HOUR_MS, run: () => gate.forget() },
  ]
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
