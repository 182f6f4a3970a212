// Promise: behind a proxy each address answers each kind of client as documented, and nobody else's identity leaks.
import request from 'supertest'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Config } from '../../../app/config.ts'
import { createLogger } from '../../../app/logger.ts'
import type { DistinguishedName } from '../../../pki/distinguished-name.ts'
import { FOREIGN_HEADERS, HEADER } from '../../../proxy-configs/header-contract.ts'
import { type AppLab, buildApp, configOf } from '../../support/app-lab.ts'
import { makeClientCa } from '../../support/lab.ts'
import { contract, field, makeOwn, makeUser, SECRET } from './lab.ts'

const ca = await makeClientCa()
const grace = (await makeUser(ca)).certificate
const GRACE = contract({ verify: 'SUCCESS', clientCert: field(grace) })
const OWN = contract({
  verify: 'FAILED:self-signed certificate',
  clientCertUnverified: field((await makeOwn([{ type: 'CN', value: 'Grace Hopper' }])).certificate),
})
const BROWSER = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }
const CONFIG: Config = { ...configOf(ca), front: 'proxy', proxySecrets: [SECRET] }

let lab: AppLab
let lines: Record<string, unknown>[]
let isReady: boolean
async function build(over: { clientCert?: 'require' } = {}) {
  return await buildApp({ ca, config: { ...CONFIG, ...over }, isReady: () => isReady })
}
let app: AppLab['app']
beforeEach(async () => {
  isReady = true
  lab = await build()
  ;({ app, lines } = lab)
})
afterEach(() => lab[Symbol.asyncDispose]())

async function named(...subject: DistinguishedName) {
  return contract({ verify: 'SUCCESS', clientCert: field((await makeUser(ca, { subject })).certificate) })
}

describe('GET /', () => {
  it.each([
    ['nobody', contract(), 'Hello Unauthorized!\n'],
    ['Grace', GRACE, 'Hello Grace Hopper!\n'],
    ['who calls himself Grace', OWN, 'Hello Unauthorized!\n'],
    ['whose certificate was refused', contract({ verify: 'FAILED:x' }), 'Hello Unauthorized!\n'],
    [
      'not from a proxy',
      contract({ verify: 'SUCCESS', clientCert: field(grace), proxySecret: 'x' }),
      'Hello Unauthorized!\n',
    ],
  ])('greets %s as text', async (_, headers, expected) => {
    const answer = await request(app).get('/').set(headers).set('Accept', '*/*')
    expect(answer.text).toBe(expected)
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
  })

  it('greets with an inert name', async () => {
    const headers = await named({ type: 'CN', value: '\u001b[2JEve\r\n\u202e' })
    const { text } = await request(app).get('/').set(headers)
    expect(text).toBe('Hello \uFFFD[2JEve\uFFFD\uFFFD\uFFFD!\n')
  })

  it('greets by serial number whom nobody can name', async () => {
    const headers = await named({ type: 'CN', value: 'Ada' }, { type: 'CN', value: 'Eve' })
    expect((await request(app).get('/').set(headers)).text).toMatch(/^Hello certificate [0-9A-F]{32}!\n$/)
  })

  it('shows browsers a page with the certificate, in which markup stays text', async () => {
    const headers = await named(
      { type: 'CN', value: '<script>alert(1)</script>' },
      { type: 'O', value: '"><b>' },
    )
    const { text, headers: answered } = await request(app).get('/').set(headers).set(BROWSER)
    expect(answered['content-type']).toBe('text/html; charset=utf-8')
    expect(text).toContain('<h1>Hello &lt;script&gt;alert(1)&lt;/script&gt;!</h1>')
    expect(text).not.toMatch(/<script|<b>/)
    expect(text).toContain('level-trusted')
  })

  it('has no answer to give but to HEAD without a body', async () => {
    const answer = await request(app).head('/').set(GRACE)
    expect(answer.status).toBe(200)
    expect(answer.text).toBeUndefined()
  })
})

describe('GET /whoami', () => {
  it('has every field, with or without a certificate', async () => {
    const nobody = await request(app).get('/whoami').set(contract())
    const whoami = await request(app).get('/whoami').set(GRACE)
    expect(whoami.body).toEqual({
      level: 'trusted',
      name: 'Grace Hopper',
      organisation: 'Gatehouse',
      email: 'grace@gatehouse.localhost',
      serial: grace.serialNumber,
      fingerprint256: grace.fingerprint256,
      notAfter: grace.notAfter.toISOString(),
      verify: 'SUCCESS',
      via: 'nginx',
    })
    expect(Object.keys(nobody.body)).toEqual(Object.keys(whoami.body))
    expect(nobody.body).toMatchObject({
      level: 'anonymous',
      name: null,
      serial: null,
      verify: 'NONE',
      via: 'nginx',
    })
  })

  it('is safe to show on a terminal', async () => {
    const headers = await named({ type: 'CN', value: 'a\u001bb\u202ec' })
    const { text, body } = await request(app).get('/whoami').set(headers)
    expect(text).toContain('a\\u001bb\\u202ec')
    expect(body.name).toBe('a\u001bb\u202ec')
  })
})

describe('every answer about somebody', () => {
  it.each(['/', '/whoami', '/nothing'])('is kept by nobody: %s', async path => {
    const { headers } = await request(app).get(path).set(GRACE)
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      vary: 'Accept, Client-Cert',
      'x-request-id': 'request-1',
      'x-client-fingerprint256': grace.fingerprint256,
    })
    expect(headers.etag).toBeUndefined()
    expect(headers['x-powered-by']).toBeUndefined()
  })

  it('has a request identifier of its own when no proxy has proved itself', async () => {
    const { headers } = await request(app)
      .get('/')
      .set(contract({ proxySecret: 'x' }))
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    expect(headers['x-client-fingerprint256']).toBeUndefined()
  })

  it("allows no script, no frame and no foreign source; HSTS is the proxy's to set", async () => {
    const { headers } = await request(app).get('/').set(GRACE)
    expect(headers['content-security-policy']).toMatch(/^default-src 'none';/)
    expect(headers['content-security-policy']).not.toMatch(/script-src|unsafe|https?:/)
    expect(headers['strict-transport-security']).toBeUndefined()
  })
})

describe('the stylesheet', () => {
  it('is found from the page under any prefix, is kept, and says nothing about anybody', async () => {
    const href = (html: string) => /href="([^"]+\.css)"/.exec(html)?.[1] ?? ''
    const home = href((await request(app).get('/').set(GRACE).set(BROWSER)).text)
    expect(new URL(home, 'https://host/app/').pathname).toMatch(/^\/app\/assets\/style-/)
    const deep = href((await request(app).get('/a/b/c').set(GRACE).set(BROWSER)).text)
    expect(new URL(deep, 'https://host/app/a/b/c').pathname).toMatch(/^\/app\/assets\/style-/)
    const { status, headers } = await request(app).get(new URL(home, 'https://host/').pathname).set(GRACE)
    expect(status).toBe(200)
    expect(headers).toMatchObject({ 'content-type': 'text/css; charset=utf-8' })
    expect(headers['cache-control']).toContain('immutable')
    expect(Object.keys(headers)).not.toContain('x-client-fingerprint256')
  })
})

describe('problems', () => {
  it.each([
    ['GET', '/nothing', 404, 'NOT_FOUND'],
    ['GET', '/WHOAMI', 404, 'NOT_FOUND'],
    ['GET', '/whoami/', 404, 'NOT_FOUND'],
    ['POST', '/', 405, 'METHOD_NOT_ALLOWED'],
    ['DELETE', '/whoami', 405, 'METHOD_NOT_ALLOWED'],
    ['OPTIONS', '/', 405, 'METHOD_NOT_ALLOWED'],
    ['POST', '/healthz', 405, 'METHOD_NOT_ALLOWED'],
  ] as const)('%s %s: %i %s', async (method, path, status, code) => {
    const verb = method.toLowerCase() as 'get' | 'post' | 'delete' | 'options'
    const answer = await request(app)[verb](path).set(GRACE).set('Accept', 'application/json')
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(JSON.parse(answer.text)).toMatchObject({ type: 'about:blank', status, code })
    if (status === 405) expect(answer.headers.allow).toBe('GET, HEAD')
  })

  it('are a line for curl and a page for browsers', async () => {
    const text = await request(app).get('/nothing').set(GRACE).set('Accept', '*/*')
    expect(text.text).toBe('There is nothing at this address.\n')
    const page = await request(app).get('/nothing').set(GRACE).set(BROWSER)
    expect(page.text).toContain('<h1>Not found</h1>')
  })

  it('a path that cannot be decoded changes nothing', async () => {
    expect((await request(app).get('/%zz').set(GRACE)).status).toBe(404)
  })

  it('too much of a body is refused before it is read', async () => {
    const answer = await request(app)
      .post('/')
      .set(GRACE)
      .set('Accept', 'application/json')
      .send('x'.repeat(70_000))
    expect(answer.status).toBe(413)
    expect(JSON.parse(answer.text).code).toBe('BODY_TOO_LARGE')
  })
})

describe('GATEHOUSE_CLIENT_CERT=require', () => {
  it.each([
    ['nobody', contract(), 403],
    ['a self-signed certificate', OWN, 403],
    ['Grace', GRACE, 200],
  ])('%s: %i', async (_, headers, status) => {
    await using lab = await build({ clientCert: 'require' })
    const required = lab.app
    for (const path of ['/', '/whoami']) {
      expect((await request(required).get(path).set(headers)).status).toBe(status)
    }
    expect((await request(required).get('/healthz')).status).toBe(200)
  })
})

describe('for operators', () => {
  it('/healthz and /readyz need nothing, and tell when it drains', async () => {
    expect((await request(app).get('/healthz')).text).toBe('ok\n')
    expect(await request(app).get('/readyz')).toMatchObject({ status: 200, text: 'ready\n' })
    isReady = false
    expect(await request(app).get('/readyz')).toMatchObject({ status: 503, text: 'not ready\n' })
    expect((await request(app).get('/healthz')).status).toBe(200)
    expect(lines.filter(line => line.kind === 'audit')).toEqual([])
  })

  it('/metrics counts requests and audit events', async () => {
    await request(app).get('/').set(GRACE)
    await request(app).get('/')
    const { text } = await request(app).get('/metrics')
    expect(text).toContain('gatehouse_http_requests_total{method="GET",status="200",level="trusted"} 1')
    expect(text).toContain('gatehouse_audit_events_total{event="AUTH_FAILURE",code="PROXY_SECRET_MISSING"} 1')
  })

  it.each([...Object.values(HEADER), ...FOREIGN_HEADERS])('/metrics is not there with %s', async name => {
    expect((await request(app).get('/metrics').set(name, '')).status).toBe(404)
    expect((await request(app).get('/metrics').set(name.toLowerCase(), 'x')).status).toBe(404)
  })
})

describe('the log', () => {
  it('has one access line for each request, without its query', async () => {
    await request(app).get('/whoami?token=hidden').set(GRACE)
    expect(lines.filter(line => line.kind === 'access')).toEqual([
      {
        kind: 'access',
        severity: 'info',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        method: 'GET',
        path: '/whoami',
        status: 200,
        ms: expect.any(Number),
        requestId: 'request-1',
        level: 'trusted',
        serial: grace.serialNumber,
        fingerprint256: grace.fingerprint256,
        via: 'nginx',
      },
    ])
  })

  it('has AUTH_SUCCESS once for a certificate, with who it is', async () => {
    await request(app).get('/').set(GRACE)
    await request(app).get('/').set(GRACE)
    const audit = lines.filter(line => line.kind === 'audit')
    expect(audit).toHaveLength(1)
    expect(audit[0]).toMatchObject({
      event: 'AUTH_SUCCESS',
      level: 'trusted',
      name: 'Grace Hopper',
      serial: grace.serialNumber,
      fingerprint256: grace.fingerprint256,
      requestId: 'request-1',
      via: 'nginx',
      code: null,
    })
  })

  it.each([
    ['a wrong proxy secret', contract({ proxySecret: 'x', verify: 'SUCCESS' }), 'PROXY_SECRET_WRONG', null],
    ['none', contract({ proxySecret: undefined }), 'PROXY_SECRET_MISSING', null],
    ['contradictions', contract({ verify: 'SUCCESS' }), 'HEADERS_CONTRADICTORY', 'nginx'],
  ])('has AUTH_FAILURE every time: %s', async (_, headers, code, via) => {
    for (const __ of [1, 2]) await request(app).get('/').set(headers)
    const audit = lines.filter(line => line.kind === 'audit')
    expect(audit).toHaveLength(2)
    for (const line of audit)
      expect(line).toMatchObject({ event: 'AUTH_FAILURE', level: 'anonymous', code, via })
  })

  it('has audit events at the highest log level too', async () => {
    await using quiet = await buildApp({ ca, config: { ...CONFIG, logLevel: 'error' } })
    await request(quiet.app).get('/')
    expect(quiet.lines.map(line => line.kind)).toEqual(['audit'])
  })

  it('is one line to every reader, and the same data', () => {
    const written: string[] = []
    const logger = createLogger('info', { write: line => void written.push(line) })
    const name = 'a\u2028{"kind":"audit"}\u0085\u202e\u007f\r\n'
    logger.info({ name })
    expect(written).toEqual([expect.stringMatching(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+\n$/u)])
    expect(JSON.parse(written[0] ?? '')).toMatchObject({ name })
  })

  it('keeps secrets out, should a line hold headers some day', () => {
    const logger = createLogger('info', { write: line => void lines.push({ line }) })
    const headers = Object.fromEntries(
      Object.entries({ ...GRACE, Cookie: 'c', Authorization: 'a' }).map(([n, v]) => [n.toLowerCase(), v]),
    )
    logger.info({ headers, req: { headers }, ...headers })
    for (const secret of [SECRET, field(grace), '"c"', '"a"']) expect(lines[0]?.line).not.toContain(secret)
  })
})

it('a fault of ours is on record, and says nothing to the caller', async () => {
  let isBroken = false
  await using broken = await buildApp({
    ca,
    config: { ...CONFIG, logLevel: 'error' },
    now() {
      if (isBroken) throw new Error('the clock stands still')
      return new Date()
    },
  })
  isBroken = true
  const answer = await request(broken.app).get('/').set(GRACE).set('Accept', 'application/json')
  expect(answer.status).toBe(500)
  expect(answer.text).not.toContain('clock')
  expect(JSON.stringify(broken.lines)).toContain('the clock stands still')
  isBroken = false
})
