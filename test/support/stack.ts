import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { GenericContainer, Network, Wait } from 'testcontainers'
import { afterAll, beforeAll, inject } from 'vitest'
import { containerOwner } from '../../scripts/compose-env.ts'
import { changedFiles } from './changed-files.ts'
import type { Front, ProxyFront } from './fronts.ts'
import { LogBook } from './log-book.ts'

/** A running front with what stands behind it. */
export interface Stack extends AsyncDisposable {
  readonly front: Front
  /** On 127.0.0.1. */
  readonly port: number
  /** What stands behind the front, past it: no client can go there, only tests. */
  readonly backendPort: number
  /** The container of the front, as the docker command calls it. */
  readonly container: string
  /** What the front prints, and what stands behind it; the same book in direct mode. */
  readonly log: LogBook
  readonly backendLog: LogBook
}

export interface StackOptions {
  readonly clientCert?: 'optional' | 'require'
  /** `echo` answers every request with the request as it came. */
  readonly backend?: 'app' | 'echo'
  /** Instead of the key set's own: a folder with what `keys/` holds. */
  readonly keys?: string
  /** Settings of the application. */
  readonly environment?: Readonly<Record<string, string>>
  /** File systems in memory that the application of direct mode gets, with their options. */
  readonly tmpfs?: Record<string, string>
  /** What the back end takes for the proxy secret, if not the key set's own. */
  readonly backendSecrets?: string
}

const { uid, gid } = containerOwner()

/** As compose.yaml does it: nobody's uid, read-only root, no capabilities. */
export class HardenedContainer extends GenericContainer {
  constructor(image: string) {
    super(image)
    this.hostConfig.ReadonlyRootfs = true
    this.withUser(`${uid}:${gid}`).withDroppedCapabilities('ALL').withTmpFs({ '/tmp': 'rw' })
    // A health check has its first say after its interval only; a port that listens is ready at once.
    this.withWaitStrategy(Wait.forListeningPorts())
  }
}

function secret(source: string, name: string) {
  return { source, target: `/run/secrets/${name}`, mode: 'ro' as const }
}

/** What the authority of the application needs, whatever its front. */
function authoritySecrets(keys: string) {
  return [
    secret(`${keys}/client-ca.pem`, 'client-ca.pem'),
    secret(`${keys}/private/client-ca.key.jwe`, 'client-ca.key.jwe'),
    secret(`${keys}/private/client-ca.passphrase`, 'client-ca.passphrase'),
    secret(`${keys}/issued.pem`, 'issued.pem'),
  ]
}

function authorityEnvironment({ clientCert = 'optional', environment = {} }: StackOptions) {
  return {
    GATEHOUSE_CLIENT_CA_FILE: '/run/secrets/client-ca.pem',
    GATEHOUSE_CLIENT_CA_KEY_FILE: '/run/secrets/client-ca.key.jwe',
    GATEHOUSE_CLIENT_CA_PASSPHRASE_FILE: '/run/secrets/client-ca.passphrase',
    GATEHOUSE_LEDGER_FILE: '/run/secrets/issued.pem',
    GATEHOUSE_CLIENT_CERT: clientCert,
    ...environment,
  }
}

function app(keys: string, options: StackOptions): HardenedContainer {
  return new HardenedContainer(inject('images').app)
    .withBindMounts([...authoritySecrets(keys), secret(`${keys}/private/proxy-secret`, 'proxy-secret')])
    .withEnvironment({
      GATEHOUSE_FRONT: 'proxy',
      ...authorityEnvironment(options),
      ...(options.backendSecrets
        ? { GATEHOUSE_PROXY_SECRET: options.backendSecrets }
        : { GATEHOUSE_PROXY_SECRET_FILE: '/run/secrets/proxy-secret' }),
    })
}

function echo(): HardenedContainer {
  return new HardenedContainer(inject('nodeImage'))
    .withBindMounts([{ source: resolve('test/support/echo-backend.ts'), target: '/echo.ts', mode: 'ro' }])
    .withCommand(['node', '/echo.ts'])
}

function serverSecrets(keys: string) {
  return [secret(`${keys}/server.crt`, 'server.crt'), secret(`${keys}/server.key`, 'server.key')]
}

function proxyContainer(proxy: ProxyFront, keys: string, options: StackOptions): HardenedContainer {
  return new HardenedContainer(inject('images')[proxy.name])
    .withBindMounts([
      ...serverSecrets(keys),
      secret(`${keys}/client-ca.pem`, 'client-ca.pem'),
      secret(`${keys}/private/proxy-secret`, 'proxy-secret'),
      ...changedFiles(),
    ])
    .withEnvironment({ CLIENT_CERT: options.clientCert ?? 'optional' })
    .withExposedPorts(8443)
}

function directContainer(keys: string, options: StackOptions): HardenedContainer {
  return new HardenedContainer(inject('images').app)
    .withBindMounts([...serverSecrets(keys), ...authoritySecrets(keys)])
    .withTmpFs({ '/tmp': 'rw', ...options.tmpfs })
    .withEnvironment({
      GATEHOUSE_FRONT: 'direct',
      GATEHOUSE_LISTEN_HOST: '0.0.0.0',
      GATEHOUSE_TLS_CERT_FILE: '/run/secrets/server.crt',
      GATEHOUSE_TLS_KEY_FILE: '/run/secrets/server.key',
      ...authorityEnvironment(options),
    })
    .withExposedPorts(8440)
}

/** Starts one front; nothing of it is left when it is disposed of. */
export async function startStack(front: Front, options: StackOptions = {}): Promise<Stack> {
  const keys = options.keys ?? inject('keys')
  await using starting = new AsyncDisposableStack()
  const keep = <Thing extends { stop(): Promise<unknown> }>(thing: Thing): Thing =>
    starting.adopt(thing, started => started.stop() as Promise<void>)

  const log = new LogBook()
  if (front.name === 'direct') {
    const only = keep(await directContainer(keys, options).withLogConsumer(to(log)).start())
    const port = only.getMappedPort(8440)
    const stack = { front, port, backendPort: port, container: only.getId(), log, backendLog: log }
    return finish(stack, starting.move())
  }
  const backendLog = new LogBook()
  const network = keep(await new Network().start())
  const backend = options.backend === 'echo' ? echo() : app(keys, options)
  const behind = keep(
    await backend
      .withNetwork(network)
      .withNetworkAliases('app')
      .withExposedPorts(8080)
      .withLogConsumer(to(backendLog))
      .start(),
  )
  const proxy = keep(
    await proxyContainer(front, keys, options).withNetwork(network).withLogConsumer(to(log)).start(),
  )
  const ports = { port: proxy.getMappedPort(8443), backendPort: behind.getMappedPort(8080) }
  return finish({ front, ...ports, container: proxy.getId(), log, backendLog }, starting.move())
}

function to(log: LogBook): (stream: Readable) => void {
  return stream => log.read(stream)
}

function finish(stack: Omit<Stack, typeof Symbol.asyncDispose>, parts: AsyncDisposableStack): Stack {
  return { ...stack, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

/** The same for all tests of a `describe` block: started before the first, gone after the last. */
export function useStack(front: Front, options: StackOptions = {}): () => Stack {
  let stack: Stack | undefined
  beforeAll(async () => {
    stack = await startStack(front, options)
  })
  afterAll(async () => {
    await stack?.[Symbol.asyncDispose]()
  })
  return () => {
    if (!stack) throw new Error('The stack runs within tests only.')
    return stack
  }
}
