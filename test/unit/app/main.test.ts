// Promise: the process says clearly why it does not start, and ends in order when it is told to.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { encodeCertificatePem } from '../../../pki/pem.ts'
import { sealKey } from '../../../pki/sealed-key.ts'
import { makeClientCa, makeServerRoot, run, temporaryFolder } from '../../support/lab.ts'
import { makeServer, pemOf } from './lab.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())
const at = (name: string) => join(folder.path, name)

beforeAll(async () => {
  const root = await makeServerRoot()
  const [server, other] = [pemOf(await makeServer(root)), pemOf(await makeServer(root))]
  const { certificate, privateKey } = await makeClientCa()
  writeFileSync(at('ca.pem'), encodeCertificatePem(certificate.der))
  writeFileSync(at('ca.key.jwe'), await sealKey(privateKey, 'a passphrase'))
  writeFileSync(at('server.crt'), server.cert)
  writeFileSync(at('server.key'), server.key)
  writeFileSync(at('other.key'), other.key)
})

function start(over: Record<string, string> = {}): ChildProcess {
  const env = {
    PATH: process.env.PATH,
    GATEHOUSE_FRONT: 'direct',
    GATEHOUSE_PORT: '0',
    GATEHOUSE_CLIENT_CA_FILE: at('ca.pem'),
    GATEHOUSE_TLS_CERT_FILE: at('server.crt'),
    GATEHOUSE_TLS_KEY_FILE: at('server.key'),
    GATEHOUSE_DATABASE_URL: `sqlite:${at('store.sqlite')}`,
    ...over,
  }
  const main = join(import.meta.dirname, '../../../app/main.ts')
  return spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] })
}

type Line = { kind: string; port: number; isClean: boolean }

/** Reads log lines as they come; `next` waits for one of a kind. */
function log(child: ChildProcess) {
  const lines: AsyncIterator<string> = createInterface({ input: child.stdout as never })[
    Symbol.asyncIterator
  ]()
  return async function next(kind: string): Promise<Line> {
    for (;;) {
      const { value, done } = await lines.next()
      if (done) throw new Error(`the process ended before it logged "${kind}"`)
      const line = JSON.parse(value)
      if (line.kind === kind) return line
    }
  }
}

async function outcome(child: ChildProcess) {
  const [said, [exitCode]] = await Promise.all([text(child.stderr as never), once(child, 'close')])
  return { said, exitCode }
}

it.each(['SIGTERM', 'SIGINT'] as const)('finishes on %s what has begun, and ends with 0', async signal => {
  const child = start()
  const ended = outcome(child)
  const next = log(child)
  const { port } = await next('listening')
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'data')
  socket.write('GET /readyz HTTP/1.1\r\nHost: loc')
  // Its answer shows that the half request before it on the same event loop has been read.
  const other = connect({ port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false })
  other.end('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  await text(other)
  child.kill(signal)
  await next('draining')
  socket.write('alhost\r\n\r\n')
  expect(await text(socket)).toMatch(/ 503 .*not ready\n$/s)
  expect(await next('stopped')).toMatchObject({ isClean: true })
  expect(await ended).toEqual({ said: '', exitCode: 0 })
})

/** The body of an answer, without its head. */
async function get(port: number, path: string): Promise<{ status: number; body: string }> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false })
  socket.end(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
  const [head = '', ...body] = (await text(socket)).split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), body: body.join('\r\n\r\n') }
}

it('has a revocation list before it is ready, and says how it stands', async () => {
  const child = start({
    GATEHOUSE_CLIENT_CA_KEY_FILE: at('ca.key.jwe'),
    GATEHOUSE_CLIENT_CA_PASSPHRASE: 'a passphrase',
    GATEHOUSE_CRL_HOURS: '2',
    GATEHOUSE_DATABASE_URL: `sqlite:${at('store.sqlite')}`,
  })
  const ended = outcome(child)
  const next = log(child)
  const { port } = await next('listening')
  let ready = await get(port, '/readyz')
  while (ready.status !== 200) ready = await get(port, '/readyz')
  writeFileSync(at('crl.pem'), (await get(port, '/pki/crl?format=pem')).body)
  const verified = ['crl', '-in', at('crl.pem'), '-CAfile', at('ca.pem'), '-noout', '-verify', '-text']
  const said = run('sh', '-c', '"$@" 2>&1', 'sh', 'openssl', ...verified)
  expect(said).toContain('verify OK')
  const [from, to] = [...said.matchAll(/(?:Last|Next) Update: (.*)/g)].map(match =>
    Date.parse(match[1] ?? ''),
  )
  expect((to ?? 0) - (from ?? 0)).toBe(2 * 3_600_000)
  const { body } = await get(port, '/metrics')
  expect(body).toMatch(/^gatehouse_crl_number \d{10}$/m)
  expect(body).toMatch(/^gatehouse_crl_entries 0$/m)
  expect(body).toMatch(/^gatehouse_crl_age_seconds \d/m)
  expect(body).toMatch(/^gatehouse_crl_seconds_left 7\d{3}/m)
  child.kill('SIGTERM')
  expect(await ended).toEqual({ said: '', exitCode: 0 })
})

it('says that the port is in use, with 1', async () => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as { port: number }
  const { said, exitCode } = await outcome(start({ GATEHOUSE_PORT: String(port) }))
  holder.close()
  expect(said).toBe(
    `Port ${port} of 127.0.0.1 is in use by another program. Stop that one, or choose another port with GATEHOUSE_PORT.\n`,
  )
  expect(exitCode).toBe(1)
})

it.each([
  ['no key file', { GATEHOUSE_TLS_KEY_FILE: '/nonexistent/server.key' }, /no such file/],
  ['the key of another certificate', { GATEHOUSE_TLS_KEY_FILE: at('other.key') }, /is not the key of/],
  ['a misspelt setting', { GATEHOUSE_LOGLEVEL: 'debug' }, /GATEHOUSE_LOGLEVEL is no setting/],
])('says what is wrong with the configuration, with 2: %s', async (_, env, expected) => {
  const { said, exitCode } = await outcome(start(env))
  expect(said).toMatch(expected)
  expect(said).not.toContain('    at ')
  expect(exitCode).toBe(2)
})

it('says that it cannot listen there, with 1', async () => {
  const { said, exitCode } = await outcome(start({ GATEHOUSE_LISTEN_HOST: '192.0.2.1' }))
  expect(said).toMatch(/Cannot listen on .*192\.0\.2\.1.*GATEHOUSE_LISTEN_HOST/)
  expect(exitCode).toBe(1)
})
