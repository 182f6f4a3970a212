// Promise: in direct mode the certificate of the TLS connection alone decides, on full and resumed handshakes, and no header.

import { once } from 'node:events'
import type { Server } from 'node:http'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Config } from '../../../app/config.ts'
import { listen } from '../../../app/listen.ts'
import { createServer } from '../../../app/server.ts'
import type { Authority } from '../../../pki/issue-certificate.ts'
import { encodeCertificatePem } from '../../../pki/pem.ts'
import { PROFILES } from '../../../pki/profiles.ts'
import { type AppLab, buildApp, configOf } from '../../support/app-lab.ts'
import { type Credential, makeClientCa, makeServerRoot, NOW } from '../../support/lab.ts'
import { contract, field, makeOwn, makeServer, makeUser, pemOf, SECRET } from './lab.ts'

vi.setConfig({ testTimeout: 20_000, hookTimeout: 30_000 })

let clientCa: Authority
let rootPem: string
let grace: Credential
let server: Server
let lab: AppLab
let port: number
beforeAll(async () => {
  clientCa = await makeClientCa()
  const root = await makeServerRoot()
  rootPem = encodeCertificatePem(root.certificate.der)
  grace = await makeUser(clientCa)
  const config: Config = {
    ...configOf(clientCa, { logLevel: 'info' }),
    front: 'direct',
    tls: pemOf(await makeServer(root)),
  }
  lab = await buildApp({ ca: clientCa, config })
  server = createServer(config, lab.app)
  port = (await listen(server, '127.0.0.1', 0)).port
})
afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await lab[Symbol.asyncDispose]()
})

async function open(credential?: Credential, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: rootPem,
    ...(credential && pemOf(credential)),
    ...options,
  })
  await once(socket, 'secureConnect')
  // Whoever reads sees the connection end; that it was cut is not a fault of the test.
  socket.on('error', () => {})
  return socket
}

/** Sends what is given, byte for byte, and reads to the end, however the server ends it. */
async function exchange(
  socket: TLSSocket,
  sent: string,
): Promise<{ status: number; body: string; head: string }> {
  const closed = once(socket, 'close')
  let all = ''
  socket.setEncoding('utf8').on('data', chunk => {
    all += chunk
  })
  socket.write(sent)
  await closed
  const [head = '', body = ''] = all.split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), body, head: head.toLowerCase() }
}

function get(
  path: string,
  headers: Readonly<Record<string, string | string[]>> = { Host: 'localhost' },
): string {
  const lines = Object.entries({ Connection: 'close', ...headers }).flatMap(([n, v]) =>
    [v].flat().map(x => `${n}: ${x}`),
  )
  return `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
}

async function whoami(socket: TLSSocket, headers?: Record<string, string | string[]>) {
  return JSON.parse((await exchange(socket, get('/whoami', headers))).body)
}

describe('the greeting', () => {
  it('is for nobody without a certificate', async () => {
    expect((await exchange(await open(), get('/'))).body).toBe('Hello Unauthorized!\n')
  })

  it('is for Grace with hers', async () => {
    const { body, head } = await exchange(await open(grace), get('/'))
    expect(body).toBe('Hello Grace Hopper!\n')
    expect(head).toContain('strict-transport-security: max-age=63072000')
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is the same with %s', async version => {
    const socket = await open(grace, { minVersion: version, maxVersion: version })
    expect(socket.getProtocol()).toBe(version)
    expect(await whoami(socket)).toMatchObject({ level: 'trusted', name: 'Grace Hopper', via: 'direct' })
  })
})

describe('certificates that are not good', () => {
  const DAY_MS = 86_400_000
  const own = (subject = [{ type: 'CN', value: 'Grace Hopper' }]) => makeOwn(subject)
  it.each<[string, string, string, () => Promise<Credential>]>([
    ['self-signed', 'untrusted', 'self-signed certificate', own],
    [
      'self-signed in the name of the CA',
      'anonymous',
      'unknown issuer',
      () => own([...clientCa.certificate.subject]),
    ],
    [
      'of another CA of the same name',
      'anonymous',
      'unknown issuer',
      async () => makeUser(await makeClientCa()),
    ],
    [
      'expired',
      'anonymous',
      'certificate has expired',
      () => makeUser(clientCa, { now: new Date(NOW.getTime() - 99 * DAY_MS) }),
    ],
    [
      'not yet valid',
      'anonymous',
      'certificate is not yet valid',
      () => makeUser(clientCa, { now: new Date(NOW.getTime() + DAY_MS) }),
    ],
    [
      'for servers',
      'anonymous',
      'unsuitable certificate',
      () => makeUser(clientCa, { profile: PROFILES.server }),
    ],
    [
      'a CA',
      'anonymous',
      'unsuitable certificate',
      () => makeUser(clientCa, { profile: { ...PROFILES.client, isCa: true } }),
    ],
  ])('%s: %s, and says why', async (_, level, reason, make) => {
    expect(await whoami(await open(await make()))).toMatchObject({
      level,
      name: null,
      verify: `FAILED:${reason}`,
    })
  })
})

describe('a resumed session', () => {
  async function resumed(version: 'TLSv1.2' | 'TLSv1.3', credential?: Credential): Promise<TLSSocket> {
    const versions = { minVersion: version, maxVersion: version }
    const first = await open(credential, versions)
    // TLS 1.2 has its session by now, TLS 1.3 sends it later.
    const sessions = version === 'TLSv1.2' ? [first.getSession()] : []
    first.on('session', session => sessions.push(session))
    await exchange(first, get('/'))
    const session = sessions.at(-1)
    if (!session) throw new Error('the server offered no session')
    return await open(credential, { ...versions, session })
  }

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('with %s is somebody only with a certificate', async version => {
    const nobody = await resumed(version)
    expect(nobody.isSessionReused()).toBe(true)
    expect(await whoami(nobody)).toMatchObject({ level: 'anonymous', verify: 'NONE', fingerprint256: null })
    const herself = await resumed(version, grace)
    expect(herself.isSessionReused()).toBe(true)
    expect(await whoami(herself)).toMatchObject({
      level: 'trusted',
      fingerprint256: grace.certificate.fingerprint256,
    })
    const other = await resumed(version, await makeOwn([{ type: 'CN', value: 'Mallory' }]))
    expect(other.isSessionReused()).toBe(true)
    expect(await whoami(other)).toMatchObject({ level: 'untrusted' })
  })
})

describe('names', () => {
  it('in upper case change nothing', async () => {
    const options = { servername: 'LOCALHOST' }
    expect(await whoami(await open(undefined, options))).toMatchObject({ level: 'anonymous', verify: 'NONE' })
    const mallory = await makeOwn([{ type: 'CN', value: 'Mallory' }])
    expect(await whoami(await open(mallory, options))).toMatchObject({ level: 'untrusted' })
    expect(await whoami(await open(grace, options))).toMatchObject({ level: 'trusted' })
  })

  it.each([
    ['the same', 'localhost', 200],
    ['the same with a port', 'localhost:8440', 200],
    ['the same in upper case, with a dot', 'LocalHost.', 200],
    ['another', 'gatehouse.localhost', 421],
    ['an address', '127.0.0.1', 421],
    ['one that begins so', 'localhost.evil.example', 421],
    ['none', '', 421],
  ])('of SNI and Host must agree: %s', async (_, host, status) => {
    expect((await exchange(await open(grace), get('/', { Host: host }))).status).toBe(status)
  })

  it('must agree in the absolute form, and there is one Host only', async () => {
    expect((await exchange(await open(grace), get('https://evil.example/'))).status).toBe(421)
    expect((await exchange(await open(grace), get('https://localhost/'))).status).toBe(200)
    expect(
      (await exchange(await open(grace), get('/', { Host: ['localhost', 'evil.example'] }))).status,
    ).toBe(400)
    expect((await exchange(await open(grace), get('/', { Host: ['localhost', 'localhost'] }))).status).toBe(
      400,
    )
  })
})

describe('headers', () => {
  it('of the contract are believed by nobody', async () => {
    const forged = contract({ verify: 'SUCCESS', clientCert: field(grace.certificate), proxySecret: SECRET })
    const nobody = await whoami(await open(), { Host: 'localhost', ...forged })
    expect(nobody).toMatchObject({ level: 'anonymous', name: null, verify: 'NONE', via: 'direct' })
    const mallory = await makeOwn([{ type: 'CN', value: 'Mallory' }])
    expect(await whoami(await open(mallory), { Host: 'localhost', ...forged })).toMatchObject({
      level: 'untrusted',
    })
    const { head } = await exchange(await open(), get('/', { Host: 'localhost', ...forged }))
    expect(head).not.toContain('request-1')
  })

  it('make nobody a proxy: there is no list for proxies', async () => {
    const asking = { Host: 'localhost', 'X-Proxy-Secret': SECRET, 'X-SSL-Client-Verify': 'NONE' }
    const path = '/pki/revoked?nonce=0123456789abcdef&proxy=nginx'
    const { status, body } = await exchange(await open(), get(path, asking))
    expect([status, JSON.parse(body).code]).toEqual([404, 'NOT_FOUND'])
  })

  it('are all read: none is dropped behind two thousand others', async () => {
    const socket = await open(grace)
    const sent = `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(2500)}Connection: close\r\nHost: localhost\r\n\r\n`
    expect((await exchange(socket, sent)).status).toBe(200)
  })

  it.each([
    ['too large', `Host: localhost\r\n${`x: ${'y'.repeat(95)}\r\n`.repeat(200)}`, 431],
    ['folded', 'Host: localhost\r\nA: b\r\n c: d\r\n', 400],
    ['with a blank before the colon', 'Host: localhost\r\nA : b\r\n', 400],
    ['with NUL', 'Host: localhost\r\nA: \0\r\n', 400],
    ['with two lengths', 'Host: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n', 400],
    ['with length and chunks', 'Host: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n', 400],
  ])('%s end the connection with a problem', async (_, lines, status) => {
    const answer = await exchange(await open(grace), `GET / HTTP/1.1\r\n${lines}\r\n`)
    expect(answer.status).toBe(status)
    expect(answer.head).toContain('connection: close')
    expect(JSON.parse(answer.body)).toMatchObject({ status, code: 'REQUEST_INVALID' })
  })
})

describe('a body', () => {
  it('without announced length is cut off when it has no end, whether or not the answer has gone out', async () => {
    const socket = await open(grace)
    const closed = new Promise(resolve => socket.once('close', resolve))
    // That the connection ends under its writing is what is wanted.
    socket.on('error', () => undefined).resume()
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n')
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`
    const more = () => void (socket.writable && socket.write(chunk, () => setImmediate(more)))
    more()
    await closed
    expect(socket.bytesWritten).toBeGreaterThan(64 * 1024)
  })
})

describe('TLS', () => {
  it('below 1.2 is refused', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    await expect(open(undefined, old)).rejects.toThrow()
  })

  it('without forward secrecy is refused', async () => {
    await expect(open(undefined, { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' })).rejects.toThrow()
  })

  it('takes the post-quantum group, and the usual ones', async () => {
    for (const ecdhCurve of ['X25519MLKEM768', 'X25519', 'prime256v1', 'secp384r1']) {
      expect(await whoami(await open(grace, { ecdhCurve }))).toMatchObject({ level: 'trusted' })
    }
    await expect(open(undefined, { ecdhCurve: 'secp521r1' })).rejects.toThrow()
  })

  it('does not renegotiate', async () => {
    const socket = await open(undefined, { maxVersion: 'TLSv1.2' })
    const refused = new Promise(resolve => socket.once('error', resolve))
    socket.renegotiate({}, () => {})
    expect(await refused).toBeInstanceOf(Error)
  })
})
