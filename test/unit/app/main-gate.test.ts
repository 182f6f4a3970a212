// Promise: killed at any moment, the process has lost nothing of the gate that anybody was told, and takes no code twice.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { userDelayKey } from '../../../app/gate/delays.ts'
import { openStore } from '../../../app/store/open-store.ts'
import { nameKey } from '../../../pki/common-name.ts'
import { encodeGateKeys, generateGateKeys } from '../../../pki/gate-keys.ts'
import { writeLedger } from '../../../pki/ledger.ts'
import { encodeCertificatePem } from '../../../pki/pem.ts'
import { makeClientCa, temporaryFolder } from '../../support/lab.ts'
import { type Headers, NOBODY, presenting } from './api-lab.ts'
import { codeOfSecret } from './gate/gate-lab.ts'
import { contract, makeUser, SECRET } from './lab.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 })

let folder: ReturnType<typeof temporaryFolder>
let admin: Headers
const running = new Set<ChildProcess>()
const at = (name: string) => join(folder.path, name)
beforeEach(async () => {
  folder = temporaryFolder()
  const ca = await makeClientCa()
  const root = await makeUser(ca, {
    subject: [
      { type: 'O', value: 'CA admins' },
      { type: 'CN', value: 'Root' },
    ],
  })
  admin = presenting(root.certificate)
  const files = {
    'ca.pem': encodeCertificatePem(ca.certificate.der),
    'ledger.pem': writeLedger([root.certificate]),
    'gate-keys.json': encodeGateKeys(await generateGateKeys()),
    secret: 'ab'.repeat(32),
    'other-secret': 'cd'.repeat(32),
  }
  for (const [name, data] of Object.entries(files)) writeFileSync(at(name), data)
})
afterEach(async () => {
  for (const child of running) {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
  }
  running.clear()
  folder[Symbol.dispose]()
})

function launch(over: Readonly<Record<string, string>> = {}): ChildProcess {
  const env = {
    PATH: process.env.PATH,
    GATEHOUSE_FRONT: 'proxy',
    GATEHOUSE_LISTEN_HOST: '127.0.0.1',
    GATEHOUSE_PORT: '0',
    GATEHOUSE_PROXY_SECRET: SECRET,
    GATEHOUSE_CLIENT_CA_FILE: at('ca.pem'),
    GATEHOUSE_LEDGER_FILE: at('ledger.pem'),
    GATEHOUSE_GATE_KEYS_FILE: at('gate-keys.json'),
    GATEHOUSE_GATE_SECRET_FILE: at('secret'),
    GATEHOUSE_DATABASE_URL: `sqlite:${at('store.sqlite')}`,
    GATEHOUSE_ENROLMENTS_PER_MINUTE: '100000',
    ...over,
  }
  const main = join(import.meta.dirname, '../../../app/main.ts')
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  return child
}

async function start() {
  const child = launch()
  const lines = createInterface({ input: child.stdout as never })
  const port = await new Promise<number>(resolve => {
    lines.on('line', line => {
      const { kind, port } = JSON.parse(line)
      if (kind === 'listening') resolve(port)
    })
  })
  async function call(path: string, body?: object, headers: Headers = NOBODY) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { ...(headers as Record<string, string>), 'Content-Type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, json: JSON.parse((await answer.text()) || '{}') }
  }
  async function invited(user: string) {
    const { json } = await call('/_auth/invitations', { user }, admin)
    return json.invitation as string
  }
  async function setUp(invitation: string) {
    const offer = (await call('/_auth/setup', { invitation })).json
    const { status, json } = await call('/_auth/setup/confirm', {
      setup: offer.setup,
      code: codeOfSecret(offer.secret),
    })
    return { status, secret: offer.secret as string, recoveryCodes: json.recovery_codes as string[] }
  }
  const logIn = (user: string, code: string, headers = NOBODY) =>
    call('/_auth/login', { user, code }, headers)
  return { child, port, call, invited, setUp, logIn, closed: once(child, 'close') }
}

it('killed in a stream of set-ups: who was shown recovery codes is there with them, and nobody is there by half', async () => {
  const first = await start()
  const invitations = await Promise.all(
    Array.from({ length: 30 }, async (_, i) => [`User ${i}`, await first.invited(`User ${i}`)] as const),
  )
  const known = new Map<string, { secret: string; recoveryCodes: string[] }>()
  const doing = invitations.map(async ([user, invitation]) => {
    known.set(user, await first.setUp(invitation))
    if (known.size === 8) first.child.kill('SIGKILL')
  })
  await Promise.allSettled(doing)
  await first.closed
  expect(known.size).toBeGreaterThanOrEqual(8)
  expect(known.size).toBeLessThan(30)

  const second = await start()
  const { users } = (await second.call('/_auth/users', undefined, admin)).json
  const there = new Map(users.map((each: { user: string }) => [each.user, each]))
  for (const [user, invitation] of invitations) {
    const codes = known.get(user)?.recoveryCodes
    if (codes) expect([user, (await second.logIn(user, codes[0] ?? '')).status]).toEqual([user, 200])
    // Whoever is there has all ten codes; whoever is not has an invitation that is still good.
    const offer = await second.call('/_auth/setup', { invitation })
    expect([user, offer.status]).toEqual([user, there.has(user) ? 403 : 201])
    if (there.has(user)) expect(there.get(user)).toMatchObject({ recovery_codes_left: 10 })
  }
})

it('a code that was taken before a kill -9 is not taken after it, nor is a delay over', async () => {
  const first = await start()
  const { secret, recoveryCodes } = await first.setUp(await first.invited('Ada'))
  const code = codeOfSecret(secret, 1)
  expect((await first.logIn('Ada', code)).status).toBe(200)
  expect((await first.logIn('Ada', recoveryCodes[0] ?? '')).status).toBe(200)
  const elsewhere = contract({ forwardedFor: '198.51.100.1' })
  for (let i = 0; i < 4; i += 1) await first.logIn('Eve', 'no code', elsewhere)
  first.child.kill('SIGKILL')
  await first.closed
  {
    // Looked at here: by the time that a process has started, it may be over.
    await using store = await openStore({ url: `sqlite:${at('store.sqlite')}`, now: () => new Date() })
    const delays = await store.gate.delays.find([userDelayKey(nameKey('Eve'))], 0)
    expect(delays).toMatchObject([{ failures: 4 }])
  }
  const second = await start()
  expect((await second.logIn('Ada', code)).status).toBe(401)
  expect((await second.logIn('Ada', recoveryCodes[0] ?? '')).status).toBe(401)
  expect((await second.logIn('Ada', recoveryCodes[1] ?? '')).status).toBe(200)
})

it('does not start with another secret than that of the store: every code would be wrong', async () => {
  const first = await start()
  first.child.kill('SIGTERM')
  expect(await first.closed).toEqual([0, null])
  const child = launch({ GATEHOUSE_GATE_SECRET_FILE: at('other-secret') })
  const [said, , [exitCode]] = await Promise.all([
    text(child.stderr as never),
    text(child.stdout as never),
    once(child, 'close'),
  ])
  expect(said).toMatch(/^GATEHOUSE_GATE_SECRET_FILE is not the secret .*\n$/)
  expect(exitCode).toBe(2)
})

it('ends at once, although a proxy waits for a session to end', async () => {
  const { port, child, closed } = await start()
  const proxy = { 'X-Proxy-Secret': SECRET, 'X-SSL-Client-Verify': 'NONE' }
  const path = '/_auth/ended?nonce=0123456789abcdef&proxy=nginx&after=1&wait=25'
  const waiting = request({ host: '127.0.0.1', port, path, headers: proxy }).end()
  const answered = once(waiting, 'response')
  // The server has read it when it has answered what came later.
  await once(waiting, 'socket')
  await fetch(`http://127.0.0.1:${port}/healthz`)
  child.kill('SIGTERM')
  const [response] = await answered
  expect(await text(response)).toMatch(/^gatehouse-ended 1\n/)
  expect(await closed).toEqual([0, null])
})
