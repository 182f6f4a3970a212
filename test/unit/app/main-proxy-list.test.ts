// Promise: the list for proxies outlives the process, however that ends, and nobody waits for a process that ends.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { openStore } from '../../../app/store/open-store.ts'
import { writeLedger } from '../../../pki/ledger.ts'
import { encodeCertificatePem } from '../../../pki/pem.ts'
import { makeClientCa, temporaryFolder } from '../../support/lab.ts'
import { type Headers, presenting } from './api-lab.ts'
import { makeUser, SECRET } from './lab.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const PROXY = { 'X-Proxy-Secret': SECRET, 'X-SSL-Client-Verify': 'NONE' }

let folder: ReturnType<typeof temporaryFolder>
let database: string
let serial: string
let admin: Headers
const running = new Set<ChildProcess>()
beforeEach(async () => {
  folder = temporaryFolder()
  database = `sqlite:${join(folder.path, 'store.sqlite')}`
  const ca = await makeClientCa()
  const grace = await makeUser(ca)
  const root = await makeUser(ca, {
    subject: [
      { type: 'O', value: 'CA admins' },
      { type: 'CN', value: 'Root' },
    ],
  })
  serial = grace.certificate.serialNumber
  admin = presenting(root.certificate)
  writeFileSync(join(folder.path, 'ca.pem'), encodeCertificatePem(ca.certificate.der))
  writeFileSync(join(folder.path, 'ledger.pem'), writeLedger([root.certificate, grace.certificate]))
})
afterEach(async () => {
  for (const child of running) {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
  }
  running.clear()
  folder[Symbol.dispose]()
})

async function start() {
  const env = {
    PATH: process.env.PATH,
    GATEHOUSE_FRONT: 'proxy',
    GATEHOUSE_LISTEN_HOST: '127.0.0.1',
    GATEHOUSE_PORT: '0',
    GATEHOUSE_PROXY_SECRET: SECRET,
    GATEHOUSE_CLIENT_CA_FILE: join(folder.path, 'ca.pem'),
    GATEHOUSE_LEDGER_FILE: join(folder.path, 'ledger.pem'),
    GATEHOUSE_DATABASE_URL: database,
  }
  const main = join(import.meta.dirname, '../../../app/main.ts')
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const logged = async (kind: string) => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done) throw new Error(`It ended before it logged "${kind}": ${await text(child.stderr)}`)
      const line = JSON.parse(value)
      if (line.kind === kind) return line
    }
  }
  const { port } = await logged('listening')
  const url = `http://127.0.0.1:${port}`
  const follow = async (after: number, wait = 0, proxy = 'nginx') => {
    const query = `nonce=0123456789abcdef&proxy=${proxy}&after=${after}&wait=${wait}`
    const answer = await fetch(`${url}/pki/revoked?${query}`, { headers: PROXY })
    const list = await answer.text()
    return { status: answer.status, list, to: Number(/^to (\d+)$/m.exec(list)?.[1]) }
  }
  const figures = async () => await (await fetch(`${url}/metrics`)).text()
  return { child, url, logged, follow, figures, closed: once(child, 'close') }
}

function revoke(url: string) {
  const headers = { ...(admin as Record<string, string>), 'Content-Type': 'application/json' }
  return fetch(`${url}/pki/revoke/${serial}`, { method: 'POST', headers, body: '{"reason":"keyCompromise"}' })
}

it('who was revoked before a kill -9 is on it after a restart, in what a proxy has not had', async () => {
  const first = await start()
  const { to: before } = await first.follow(0)
  expect((await revoke(first.url)).status).toBe(200)
  first.child.kill('SIGKILL')
  await first.closed
  const second = await start()
  const { list, to } = await second.follow(before)
  expect(list).toContain(`\n+${serial}\n`)
  expect(to).toBeGreaterThan(before)
  expect((await second.follow(0)).list).toContain(`\n+${serial}\n`)
})

it('who was to be refused while no process ran is on it before anybody can ask', async () => {
  const first = await start()
  first.child.kill('SIGTERM')
  await first.closed
  {
    await using store = await openStore({ url: database, now: () => new Date(0) })
    await store.certificates.revoke(serial, { at: 1, reason: 'superseded', by: null })
    expect(await store.proxyList.generation()).toBe(1)
  }
  const second = await start()
  expect((await second.follow(0)).list).toContain(`\n+${serial}\n`)
})

it('a process that ends answers at once all that wait', async () => {
  const { child, follow, figures, logged, closed } = await start()
  const { to } = await follow(0)
  const waiting = ['one', 'two', 'three'].map(name => follow(to, 25, name))
  await vi.waitUntil(
    async () => (await figures()).match(/^gatehouse_proxy_generation/gm)?.length === 4,
    10_000,
  )
  child.kill('SIGTERM')
  for (const answer of await Promise.all(waiting)) expect(answer).toMatchObject({ status: 200, to })
  expect(await logged('stopped')).toMatchObject({ isClean: true })
  expect(await closed).toEqual([0, null])
})

it('the figures say how far each proxy is, and how long it took', async () => {
  const { url, follow, figures } = await start()
  const { to: before } = await follow(0)
  await follow(before)
  const waiting = follow(before, 25)
  const revoking = revoke(url)
  const { to } = await waiting
  await follow(to)
  expect(JSON.parse(await (await revoking).text()).proxies).toEqual([
    { name: 'nginx', address: '127.0.0.1', refused_after_ms: expect.any(Number) },
  ])
  const said = await figures()
  expect(said).toContain(`\ngatehouse_proxy_list_generation ${to}\n`)
  expect(said).toContain(`\ngatehouse_proxy_generation{proxy="nginx",address="127.0.0.1"} ${to}\n`)
  expect(said).toMatch(/^gatehouse_proxy_seen_seconds\{proxy="nginx",address="127\.0\.0\.1"\} \d/m)
  expect(said).toContain('\ngatehouse_revocation_seconds_count{proxy="nginx"} 1\n')
  // The one that waited is no slow request.
  expect(said).toMatch(/^gatehouse_http_request_seconds_count 1$/m)
})
