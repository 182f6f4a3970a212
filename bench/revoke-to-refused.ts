import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { $ } from 'zx'
import { ASKERS, HOST, type Target, tlsOf } from './askers.ts'
import { median } from './median.ts'

export interface Delay {
  readonly medianMs: number
  readonly worstMs: number
}

/** From the call that revokes, and from its answer, to the first answer that refuses. */
export interface Delays {
  readonly connection: string
  readonly fromCall: Delay
  readonly fromAnswer: Delay
}

const REFUSAL = readFileSync(join(import.meta.dirname, '../proxy-configs/refusals/revoked.json'), 'utf8')
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', '-']

async function post(admin: Target, path: string, body: object): Promise<Readonly<Record<string, unknown>>> {
  const { promise, resolve, reject } = Promise.withResolvers<Readonly<Record<string, unknown>>>()
  const headers = { Host: HOST, 'Content-Type': 'application/json', Accept: 'application/json' }
  const asked = request({ ...tlsOf(admin), agent: false, method: 'POST', path, headers })
  asked.on('error', reject).on('response', async response => {
    const answer = (await json(response)) as Readonly<Record<string, unknown>>
    if ((response.statusCode ?? 0) < 300) resolve(answer)
    else reject(new Error(`${path}: ${JSON.stringify(answer)}`))
  })
  asked.end(JSON.stringify(body))
  return await promise
}

// Our own choice: what has not come by then is no figure but a fault.
const PATIENCE_MS = 20_000
let people = 0

async function issue(admin: Target) {
  // Written to one stream: the key, and then the request.
  const { stdout } = await $({ quiet: true })`openssl req -new -subj /CN=Bob ${NEW_KEY}`
  const csr = stdout.slice(stdout.indexOf('-----BEGIN CERTIFICATE REQUEST'))
  const issued = await post(admin, '/pki/issue', { common_name: `Bob ${++people}`, csr })
  const keys = { cert: String(issued.certificate), key: stdout.slice(0, stdout.indexOf(csr)) }
  return { serial: String(issued.serial), keys }
}

/** Somebody asks without a pause while he is revoked. */
async function once(admin: Target, connection: string) {
  const { serial, keys } = await issue(admin)
  const come = ASKERS[connection] ?? Promise.reject
  using bob = await come({ ...admin, ...keys })
  const isRefused = async () => {
    const { status, body } = await bob.ask()
    if (status === 200) return false
    // The application refuses as well, and it is the proxy that is measured.
    return status === 403 && body === REFUSAL
  }
  if (await isRefused()) throw new Error('Bob is refused before he is revoked.')
  const called = performance.now()
  const answer = post(admin, `/pki/revoke/${serial}`, {}).then(() => performance.now())
  while (!(await isRefused()))
    if (performance.now() - called > PATIENCE_MS) throw new Error(`Not refused within ${PATIENCE_MS} ms.`)
  const refused = performance.now()
  return { fromCall: refused - called, fromAnswer: Math.max(0, refused - (await answer)) }
}

function delay(values: readonly number[]): Delay {
  return { medianMs: median(values), worstMs: Math.max(...values) }
}

/** So many revocations for each way to come back, one after the other. */
export async function revokeToRefused(admin: Target, revocations: number): Promise<readonly Delays[]> {
  const all: Delays[] = []
  for (const connection of Object.keys(ASKERS)) {
    const times: Awaited<ReturnType<typeof once>>[] = []
    while (times.length < revocations) times.push(await once(admin, connection))
    const [fromCall, fromAnswer] = [times.map(time => time.fromCall), times.map(time => time.fromAnswer)]
    all.push({ connection, fromCall: delay(fromCall), fromAnswer: delay(fromAnswer) })
  }
  return all
}
