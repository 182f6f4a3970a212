import { randomBytes } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { $ } from 'zx'

const root = join(import.meta.dirname, '..')
const quiet = $({ quiet: true, cwd: root })

export const PROXIES = ['apache', 'nginx', 'haproxy'] as const
export type ProxyName = (typeof PROXIES)[number]

/** The key files of a run, and who may read them. */
export interface Keys extends AsyncDisposable {
  readonly folder: string
  readonly owner: string
}

export async function makeKeys(): Promise<Keys> {
  const parent = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'))
  const folder = join(parent, 'keys')
  await quiet`${process.execPath} scripts/generate-keys.ts --keys ${folder}`
  const { uid, gid } = statSync(join(folder, 'server.key'))
  return { folder, owner: `${uid}:${gid}`, [Symbol.asyncDispose]: () => rm(parent, { recursive: true }) }
}

function imageOf(name: ProxyName | 'app'): string {
  return `gatehouse-bench/${name}`
}

function nodeImage(): string {
  return process.env.GATEHOUSE_NODE_IMAGE ?? 'node:24-trixie-slim'
}

/** From the Dockerfiles that people use. */
export async function buildImages(names: readonly (ProxyName | 'app')[]): Promise<void> {
  // `make up` and the tests write there which base images this machine has.
  if (existsSync(join(root, '.env'))) process.loadEnvFile(join(root, '.env'))
  const debian = process.env.GATEHOUSE_DEBIAN_IMAGE ?? 'debian:trixie-slim'
  const bases = [`--build-arg=DEBIAN_IMAGE=${debian}`, `--build-arg=NODE_IMAGE=${nodeImage()}`]
  for (const name of names)
    await quiet`docker build --file dockerfiles/${name}.Dockerfile ${bases} --tag ${imageOf(name)} .`
}

/** A proxy in its container, and what stands behind it. */
export interface Stack extends AsyncDisposable {
  readonly proxy: ProxyName
  readonly port: number
  /** Of the application, or where the fake authority takes its orders. */
  readonly backendPort: number
  /** CPU time that the proxy has used since it was started, microseconds. */
  cpu(): Promise<number>
}

const SECRETS = [
  'server.crt',
  'server.key',
  'client-ca.pem',
  'issued.pem',
  'gate-a.pem',
  'gate-b.pem',
  'private/proxy-secret',
  'private/client-ca.key.jwe',
  'private/client-ca.passphrase',
]
const APP_SETTINGS = {
  GATEHOUSE_FRONT: 'proxy',
  GATEHOUSE_PROXY_SECRET_FILE: '/run/secrets/proxy-secret',
  GATEHOUSE_CLIENT_CA_FILE: '/run/secrets/client-ca.pem',
  GATEHOUSE_CLIENT_CA_KEY_FILE: '/run/secrets/client-ca.key.jwe',
  GATEHOUSE_CLIENT_CA_PASSPHRASE_FILE: '/run/secrets/client-ca.passphrase',
  GATEHOUSE_LEDGER_FILE: '/run/secrets/issued.pem',
}

/**
 * The proxy with the application behind it, or with the fake authority of the tests, whose list can have any length.
 * All of it is gone when it is disposed of.
 */
export async function startStack(
  proxy: ProxyName,
  { folder, owner }: Pick<Keys, 'folder' | 'owner'>,
  backend: 'app' | 'list',
  gate: 'on' | 'off' = 'off',
): Promise<Stack> {
  await using starting = new AsyncDisposableStack()
  const network = `gatehouse-bench-${randomBytes(4).toString('hex')}`
  await quiet`docker network create ${network}`
  starting.defer(async () => void (await quiet`docker network rm ${network}`))
  const secrets = SECRETS.map(
    file => `--volume=${folder}/${file}:/run/secrets/${file.replace('private/', '')}:ro`,
  )
  // Health checks would be counted as work.
  const hardened = [`--user=${owner}`, '--read-only', '--tmpfs=/tmp', '--cap-drop=ALL', '--no-healthcheck']
  const run = async (options: readonly string[], image: string, command: readonly string[] = []) => {
    const all = [...hardened, ...secrets, `--network=${network}`, ...options]
    const id = (await quiet`docker run --detach ${all} ${image} ${command}`).stdout.trim()
    starting.defer(async () => void (await quiet`docker rm --force --volumes ${id}`))
    return id
  }

  const inside = backend === 'app' ? 8080 : 8081
  const settings = Object.entries(APP_SETTINGS).map(([name, value]) => `--env=${name}=${value}`)
  const published = ['--network-alias=app', '--network-alias=intranet', `--publish=127.0.0.1::${inside}`]
  const behind = await (backend === 'app'
    ? run([...published, ...settings], imageOf('app'))
    : run([...published, `--volume=${root}/test/support:/support:ro`], nodeImage(), [
        'node',
        '/support/list-backend.ts',
      ]))
  const front = await run([`--env=GATE=${gate}`, '--publish=127.0.0.1::8443'], imageOf(proxy))
  const stack = {
    proxy,
    port: await publishedPort(front, 8443),
    backendPort: await publishedPort(behind, inside),
    cpu: () => cpuOf(front),
  }
  if (backend === 'list')
    for (const list of ['revoked', 'ended'] as const) await order(stack, { generation: 1 }, list)
  await until(
    async () => (await quiet({ nothrow: true })`docker exec ${front} healthcheck.sh 8081`).exitCode === 0,
  )
  const parts = starting.move()
  return { ...stack, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

async function publishedPort(container: string, inside: number): Promise<number> {
  const { stdout } = await quiet`docker port ${container} ${inside}`
  return Number(stdout.trim().split(':').at(-1))
}

// Our own choice: a list of 100,000 takes seconds.
const PATIENCE_MS = 60_000

async function until(isDone: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  while (!(await isDone().catch(() => false))) {
    if (performance.now() > end) throw new Error('A container was not ready within a minute.')
    await pause(100)
  }
}

/** What the engine itself counts for the control group of the container. */
async function cpuOf(container: string): Promise<number> {
  const path = `/containers/${container}/stats?stream=false&one-shot=true`
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const asked = request({ socketPath: '/var/run/docker.sock', path })
  asked.on('error', reject).on('response', async response => {
    const stats = (await json(response)) as { cpu_stats: { cpu_usage: { total_usage: number } } }
    resolve(stats.cpu_stats.cpu_usage.total_usage / 1000)
  })
  asked.end()
  return await promise
}

interface State {
  readonly generation: number
  readonly questions: readonly { readonly after: number }[]
}

/** Changes the list of the fake authority. */
async function order(
  { backendPort }: Pick<Stack, 'backendPort'>,
  wish: object,
  list: 'revoked' | 'ended' = 'revoked',
): Promise<void> {
  const body = JSON.stringify(wish)
  await until(
    async () => (await fetch(`http://127.0.0.1:${backendPort}/${list}`, { method: 'POST', body })).ok,
  )
}

/** Puts so many on the list, and waits until the proxy has applied it. */
export async function fillList(stack: Pick<Stack, 'backendPort'>, count: number): Promise<void> {
  await order(stack, { fill: count })
  await until(async () => {
    const state = (await (await fetch(`http://127.0.0.1:${stack.backendPort}/`)).json()) as State
    return state.questions.at(-1)?.after === state.generation
  })
}
