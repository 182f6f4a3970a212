import { resolve } from 'node:path'
import { GenericContainer, Network, type StartedNetwork, Wait } from 'testcontainers'
import { afterAll, beforeAll, inject } from 'vitest'
import { containerOwner } from '../../scripts/compose-env.ts'
import { changedFiles } from './changed-files.ts'
import type { Front, ProxyFront } from './fronts.ts'
import type { LogBook } from './log-book.ts'
import { Part } from './part.ts'

/** Inside its container. */
export const PROXY_PORT = 8443

/** A running front with what stands behind it. */
export interface Stack extends AsyncDisposable {
  readonly front: Front
  /** On 127.0.0.1; another one after a restart. */
  readonly port: number
  /** What stands behind the front, past it: no client can go there, only tests. With `list` it takes orders there. */
  readonly backendPort: number
  /** The container of the front, as the docker command calls it, and of what stands behind it; the same in direct mode. */
  readonly container: string
  readonly backendContainer: string
  /** What the front prints, and what stands behind it; the same book in direct mode. */
  readonly log: LogBook
  readonly backendLog: LogBook
  /** Stops one, does what is to be done meanwhile, and starts it again. */
  restart(part: 'front' | 'backend', meanwhile?: () => unknown): Promise<void>
}

export interface StackOptions {
  readonly clientCert?: 'optional' | 'require'
  /** Whether a service stands behind the gate; left out, its name is that of the back end. */
  readonly intranet?: boolean
  /** Whether the proxy follows the application's list of what is revoked; left out: with the application behind it. */
  readonly revocation?: 'list' | 'none'
  /** Whether the proxy has the gate; left out: with the application behind it. */
  readonly gate?: 'on' | 'off'
  /** `echo` answers every request with the request as it came; `list` too, and with a list that the test controls. */
  readonly backend?: 'app' | 'echo' | 'list'
  /** Instead of the key set's own: a folder with what `keys/` holds. */
  readonly keys?: string
  /** Settings of the application. */
  readonly environment?: Readonly<Record<string, string>>
  /** File systems in memory that the application of direct mode gets, with their options. */
  readonly tmpfs?: Record<string, string>
  /** What the back end takes for the proxy secret, if not the key set's own. */
  readonly backendSecrets?: string
  /** A folder of this machine in which the proxy keeps what it knows to be revoked. */
  readonly state?: string
  /** A folder of this machine in which the application has its store. */
  readonly store?: string
  /** More proxies before the same application. */
  readonly beside?: readonly ProxyFront[]
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
    secret(`${keys}/private/gate-keys.json`, 'gate-keys.json'),
    secret(`${keys}/private/gate-secret`, 'gate-secret'),
  ]
}

function authorityEnvironment({ clientCert = 'optional', environment = {} }: StackOptions) {
  return {
    GATEHOUSE_CLIENT_CA_FILE: '/run/secrets/client-ca.pem',
    GATEHOUSE_CLIENT_CA_KEY_FILE: '/run/secrets/client-ca.key.jwe',
    GATEHOUSE_CLIENT_CA_PASSPHRASE_FILE: '/run/secrets/client-ca.passphrase',
    GATEHOUSE_LEDGER_FILE: '/run/secrets/issued.pem',
    GATEHOUSE_GATE_KEYS_FILE: '/run/secrets/gate-keys.json',
    GATEHOUSE_GATE_SECRET_FILE: '/run/secrets/gate-secret',
    GATEHOUSE_CLIENT_CERT: clientCert,
    ...environment,
  }
}

function app(keys: string, options: StackOptions): HardenedContainer {
  return new HardenedContainer(inject('images').app)
    .withBindMounts([
      ...authoritySecrets(keys),
      secret(`${keys}/private/proxy-secret`, 'proxy-secret'),
      ...(options.store ? [{ source: options.store, target: '/srv/gatehouse/data' }] : []),
    ])
    .withEnvironment({
      GATEHOUSE_FRONT: 'proxy',
      ...authorityEnvironment(options),
      ...(options.backendSecrets
        ? { GATEHOUSE_PROXY_SECRET: options.backendSecrets }
        : { GATEHOUSE_PROXY_SECRET_FILE: '/run/secrets/proxy-secret' }),
    })
}

function fake(name: 'echo' | 'list', keys: string): HardenedContainer {
  return new HardenedContainer(inject('nodeImage'))
    .withBindMounts([
      { source: resolve('test/support'), target: '/support', mode: 'ro' },
      secret(`${keys}/private/proxy-secret`, 'proxy-secret'),
    ])
    .withCommand(['node', `/support/${name}-backend.ts`])
}

function intranet(network: StartedNetwork): HardenedContainer {
  return new HardenedContainer(inject('images').intranet).withNetwork(network).withNetworkAliases('intranet')
}

function serverSecrets(keys: string) {
  return [secret(`${keys}/server.crt`, 'server.crt'), secret(`${keys}/server.key`, 'server.key')]
}

function proxyContainer(proxy: ProxyFront, keys: string, options: StackOptions): HardenedContainer {
  const { backend = 'app' } = options
  return (
    new HardenedContainer(inject('images')[proxy.name])
      .withBindMounts([
        ...serverSecrets(keys),
        secret(`${keys}/client-ca.pem`, 'client-ca.pem'),
        secret(`${keys}/private/proxy-secret`, 'proxy-secret'),
        secret(`${keys}/gate-a.pem`, 'gate-a.pem'),
        secret(`${keys}/gate-b.pem`, 'gate-b.pem'),
        ...(options.state ? [{ source: options.state, target: '/var/lib/gatehouse' }] : []),
        ...changedFiles(),
      ])
      .withEnvironment({
        CLIENT_CERT: options.clientCert ?? 'optional',
        REVOCATION: options.revocation ?? (backend === 'echo' ? 'none' : 'list'),
        GATE: options.gate ?? (backend === 'app' ? 'on' : 'off'),
      })
      // Healthy: it knows what is revoked. A list of the test's own is not there yet.
      .withWaitStrategy(
        backend === 'list' ? Wait.forListeningPorts() : Wait.forSuccessfulCommand('healthcheck.sh 8081'),
      )
  )
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
}

/** Starts one front; nothing of it is left when it is disposed of. */
export async function startStack(front: Front, options: StackOptions = {}): Promise<Stack> {
  const keys = options.keys ?? inject('keys')
  await using starting = new AsyncDisposableStack()
  const keep = <Thing extends { stop(): Promise<unknown> }>(thing: Thing): Thing =>
    starting.adopt(thing, started => started.stop() as Promise<void>)

  if (front.name === 'direct') {
    const only = keep(new Part(8440))
    await only.start(directContainer(keys, options))
    return stackOf(front, only, only, starting.move())
  }
  const { backend = 'app' } = options
  const network = keep(await new Network().start())
  if (options.intranet) await keep(new Part(8080)).start(intranet(network))
  const behind = keep(new Part(backend === 'list' ? 8081 : 8080))
  const definition = backend === 'app' ? app(keys, options) : fake(backend, keys)
  await behind.start(
    definition.withNetwork(network).withNetworkAliases('app', ...(options.intranet ? [] : ['intranet'])),
  )
  const proxy = keep(new Part(PROXY_PORT))
  await proxy.start(proxyContainer(front, keys, options).withNetwork(network))
  for (const other of options.beside ?? [])
    await keep(new Part(8443)).start(proxyContainer(other, keys, options).withNetwork(network))
  return stackOf(front, proxy, behind, starting.move())
}

function stackOf(front: Front, proxy: Part, behind: Part, parts: AsyncDisposableStack): Stack {
  return {
    front,
    get port() {
      return proxy.port
    },
    get backendPort() {
      return behind.port
    },
    container: proxy.id,
    backendContainer: behind.id,
    log: proxy.log,
    backendLog: behind.log,
    restart: (part, meanwhile) => (part === 'front' ? proxy : behind).restart(meanwhile),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
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
