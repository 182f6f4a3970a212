// Promise: the example of docs/own-app.md works as it is printed, and needs nothing of ours but app/identity.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { encodeCertificatePem } from '../../../pki/pem.ts'
import { makeClientCa, temporaryFolder } from '../../support/lab.ts'
import { contract, field, makeUser, SECRET } from './lab.ts'

vi.setConfig({ testTimeout: 20_000, hookTimeout: 30_000 })

const DOCS = join(import.meta.dirname, '../../../docs')
const EXAMPLE = join(DOCS, 'examples/own-app.ts')
const folder = temporaryFolder()
const lines: { event: string; code: string | null }[] = []
let child: ChildProcess
let output: Interface
let url: string
let callers: Record<'nobody' | 'expired' | 'grace' | 'admin' | 'forger', Record<string, string | string[]>>

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000)

beforeAll(async () => {
  const ca = await makeClientCa()
  const admin = [
    { type: 'O', value: 'CA admins' },
    { type: 'CN', value: 'Ada' },
  ]
  const grace = contract({ verify: 'SUCCESS', clientCert: field((await makeUser(ca)).certificate) })
  callers = {
    nobody: contract(),
    expired: contract({
      verify: 'FAILED:certificate has expired',
      clientCertUnverified: field((await makeUser(ca, { now: daysAgo(99.5), days: 90 })).certificate),
    }),
    grace,
    admin: contract({
      verify: 'SUCCESS',
      clientCert: field((await makeUser(ca, { subject: admin })).certificate),
    }),
    forger: { ...grace, 'X-Proxy-Secret': 'guess' },
  }
  mkdirSync(join(folder.path, 'keys/private'), { recursive: true })
  writeFileSync(join(folder.path, 'keys/client-ca.pem'), encodeCertificatePem(ca.certificate.der))
  writeFileSync(join(folder.path, 'keys/private/proxy-secret'), SECRET)
  const port = await freePort()
  url = `http://127.0.0.1:${port}`
  const env = { PATH: process.env.PATH, PORT: String(port) }
  child = spawn(process.execPath, [EXAMPLE], { cwd: folder.path, env, stdio: ['ignore', 'pipe', 'inherit'] })
  output = createInterface({ input: child.stdout as never }).on('line', line => lines.push(JSON.parse(line)))
  await once(output, 'line')
})
afterAll(async () => {
  child.kill()
  await once(child, 'close')
  folder[Symbol.dispose]()
})

async function get(path: string, who: keyof typeof callers) {
  const headers = Object.entries(callers[who]).map(([name, value]): [string, string] => [name, String(value)])
  const answer = await fetch(url + path, { headers })
  return { status: answer.status, body: await answer.text() }
}

it('knows who is calling', async () => {
  expect((await get('/', 'nobody')).body).toBe('You are anonymous here.\n')
  expect((await get('/', 'grace')).body).toBe('You are trusted here.\n')
  expect((await get('/', 'admin')).body).toBe('You are admin here.\n')
})

it('guards by level and by organisation', async () => {
  expect(await get('/reports', 'grace')).toEqual({ status: 200, body: 'Reports for Grace Hopper\n' })
  expect((await get('/reports', 'nobody')).status).toBe(401)
  expect((await get('/reports', 'admin')).status).toBe(403)
  expect((await get('/admin', 'grace')).status).toBe(403)
  expect(await get('/admin', 'admin')).toEqual({ status: 200, body: 'For administrators\n' })
})

it('believes nothing without the proxy secret, and says so', async () => {
  expect((await get('/reports', 'forger')).status).toBe(401)
  await vi.waitFor(() =>
    expect(lines).toContainEqual(expect.objectContaining({ code: 'PROXY_SECRET_WRONG' })),
  )
})

it('says in its own words why somebody is refused, and what to do', async () => {
  expect(await get('/board', 'nobody')).toEqual({
    status: 401,
    body: 'No client certificate was presented. (CERT_MISSING)\nRegister at https://gatehouse.example.org/tlsauth/register/\n',
  })
  expect(await get('/board', 'expired')).toEqual({
    status: 403,
    body: expect.stringMatching(/^The certificate expired at \S+Z, 9 days ago\. \(CERT_EXPIRED\)\n$/),
  })
  expect((await get('/board', 'grace')).body).toContain('(ORGANISATION_WRONG)')
})

it('is printed in the documentation as it is here', () => {
  const source = readFileSync(EXAMPLE, 'utf8')
  const printed = readFileSync(join(DOCS, 'own-app.md'), 'utf8').matchAll(/^```ts\n(.+?)^```$/gms)
  const paragraphs = [...printed].flatMap(([, code = '']) => code.split('\n\n'))
  expect(paragraphs.length).toBeGreaterThan(3)
  for (const paragraph of paragraphs) {
    expect(source).toContain(paragraph.trim())
  }
})
