import type { Express } from 'express'
import { createApp } from '../../app/app.ts'
import { createAuditBuffer } from '../../app/authority/audit-buffer.ts'
import { type Authority, openAuthority } from '../../app/authority/authority.ts'
import type { AuthorityContext } from '../../app/authority/decide.ts'
import { POLICIES } from '../../app/authority/policy.ts'
import type { Config } from '../../app/config.ts'
import { enrolmentOf } from '../../app/config-enrolment.ts'
import { pastesOf } from '../../app/config-pastes.ts'
import { type Gate, openGate } from '../../app/gate/gate.ts'
import { createLogger } from '../../app/logger.ts'
import { NO_POST } from '../../app/mail/post.ts'
import { createMetrics } from '../../app/metrics.ts'
import { openContentFolder } from '../../app/pastes/content-folder.ts'
import { openPastebin, type Pastebin } from '../../app/pastes/pastebin.ts'
import { openStore } from '../../app/store/open-store.ts'
import type { Store } from '../../app/store/store.ts'
import { openFormKey } from '../../app/web/form-tokens.ts'
import type { Authority as Signer } from '../../pki/issue-certificate.ts'
import { encodeCertificatePem } from '../../pki/pem.ts'
import { temporaryFolder } from './lab.ts'

/** What a configuration has when only the client CA is given. */
export function configOf(ca: Signer, over: Partial<Config> = {}, pastes: Partial<Config['pastes']> = {}) {
  return {
    host: undefined,
    port: 0,
    clientCa: encodeCertificatePem(ca.certificate.der),
    clientCert: 'optional',
    clientCaKey: undefined,
    databaseUrl: undefined,
    enrolment: enrolmentOf({}),
    gate: undefined,
    // The folder is the lab's own.
    pastes: { ...pastesOf({}, undefined), perMinute: 100_000, ...pastes },
    smtpUrl: undefined,
    mailFrom: undefined,
    publicUrl: undefined,
    logLevel: 'debug',
    ...over,
  } as const
}

/** The parts that main.ts wires, over a store in memory; what is logged is kept. */
export interface AppLab extends AsyncDisposable {
  readonly app: Express
  readonly store: Store
  readonly authority: Authority
  readonly gate: Gate | undefined
  readonly pastebin: Pastebin
  readonly context: AuthorityContext
  readonly lines: Record<string, unknown>[]
  /** Until every event is in the store. */
  settled(): Promise<void>
}

export interface AppLabOptions {
  readonly ca: Signer
  readonly config: Config
  readonly context?: Partial<AuthorityContext>
  readonly isReady?: () => boolean
  readonly now?: () => Date
}

export async function buildApp({
  ca,
  config,
  context: over = {},
  ...options
}: AppLabOptions): Promise<AppLab> {
  const { now = () => new Date(), isReady = () => true } = options
  const lines: Record<string, unknown>[] = []
  const logger = createLogger(config.logLevel, { write: line => void lines.push(JSON.parse(line)) })
  const store = over.store ?? (await openStore({ url: 'sqlite::memory:', now }))
  const context: AuthorityContext = {
    issuer: ca.certificate,
    signer: ca,
    rules: config.enrolment.rules,
    policy: POLICIES['sign-registrations'],
    post: NO_POST,
    publish: () => undefined,
    now,
    ...over,
    store,
  }
  const gate = config.gate && (await openGate(config.gate, context))
  const authority = openAuthority({ ...context, atRevocation: gate?.atRevocation })
  const folder = temporaryFolder()
  const pastebin = openPastebin({
    ...context,
    folder: openContentFolder(folder.path),
    total: config.pastes.total,
    onTrouble: (trouble, details) => logger.error({ kind: 'pastes', trouble, ...details }),
  })
  const buffer = createAuditBuffer({ store, now, onLost: () => undefined })
  const app = createApp({
    config,
    logger,
    metrics: createMetrics(),
    store,
    authority,
    gate,
    pastebin,
    formKey: await openFormKey(store),
    clientCa: { issuer: context.issuer, isSigning: context.signer !== undefined },
    onAudit: event => buffer.add(event),
    isReady,
    now,
  })
  return {
    app,
    store,
    authority,
    gate,
    pastebin,
    context,
    lines,
    settled: () => buffer.flush(),
    async [Symbol.asyncDispose]() {
      await buffer.flush()
      await store[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}
