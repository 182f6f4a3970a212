// No spelling of a path changes who is calling or opens what is closed; the path goes on as it came, without the prefix.
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { FOREIGN_HEADERS, HEADER, LEGACY_HEADERS } from '../../proxy-configs/header-contract.ts'
import { ask, type ClientKeys, type Echo, HOST, person, received, sendRaw } from '../support/ask.ts'
import { contractFor, contractOf } from '../support/contract.ts'
import { clientCa } from '../support/forge.ts'
import { fronts, proxies } from '../support/fronts.ts'
import { seenWhile } from '../support/seen.ts'
import { type Stack, useStack } from '../support/stack.ts'
import { makeUser, pemOf } from '../unit/app/lab.ts'

const TO_METRICS = ['/metrics', '/METRICS', '/Metrics', '//metrics', '///metrics', '/metrics/', '/metrics//']
  .concat(
    '/%6detrics',
    '/%6Detrics',
    '/metric%73',
    '/%2fmetrics',
    '/%2Fmetrics',
    '/.%2fmetrics',
    '/%2e/metrics',
  )
  .concat(
    '/./metrics',
    '/x/../metrics',
    '/x/%2e%2e/metrics',
    '/x/..%2fmetrics',
    '/%2e%2e/metrics',
    '/../metrics',
  )
  .concat('/;x/metrics', '/metrics;x', '/metrics;', '/metrics%3b', '/metrics?x', '/metrics%3f', '/metrics%00')
  .concat(
    '/metrics%20',
    '/metrics%09',
    '/metrics.json',
    '/metrics#x',
    '/\\metrics',
    '/x\\..\\metrics',
    '/%5cmetrics',
  )
  .concat('/metrics%0d%0aX:y', '/%25%36%64etrics', '/m%65trics/..;/metrics', '/healthz/../metrics')
  .flatMap(path => [path, `/app${path}`])
  .concat('/app/../metrics', '/app/..%2fmetrics', '/app/%2e%2e/metrics', '/app/app/metrics', '//app//metrics')
  .concat(
    '/%61pp/metrics',
    '/APP/metrics',
    '/app;x/metrics',
    '/app%2fmetrics',
    '/app/./metrics',
    '/app/x/../metrics',
  )

const FORGED = [...Object.values(HEADER), ...FOREIGN_HEADERS, ...LEGACY_HEADERS].map(
  name => [name, 'evil'] as const,
)

describe.each(fronts)('$name', front => {
  const stack = useStack(front)

  it('metrics are nowhere', async () => {
    const origins = ['', `https://${HOST}`]
    const methods = ['GET', 'HEAD', 'POST', 'get']
    for (const path of TO_METRICS) {
      for (const method of path === '/metrics' ? methods : ['GET']) {
        for (const origin of origins) {
          const request = `${method} ${origin}${path} HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`
          const answer = await sendRaw(stack(), request)
          expect(answer, path).not.toMatch(/process_cpu|# HELP|# TYPE/)
          expect(answer, path).toMatch(/^HTTP\/1\.1 (40[0457]|421|308|502) |^$/)
        }
      }
    }
  })

  it('metrics are not to be had by headers either', async () => {
    const lists = [
      FORGED,
      [['X-Forwarded-For', '127.0.0.1']],
      [['Connection', 'Via, X-Proxy-Secret']],
    ] as const
    for (const headers of lists) {
      expect((await ask(stack(), { path: '/metrics', headers })).status).toBe(404)
    }
  })

  it('the list for proxies is for no client, one who knows the secret of the proxy included', async () => {
    const secret = readFileSync(`${inject('keys')}/private/proxy-secret`, 'utf8').trim()
    const asProxy = [
      [HEADER.proxySecret, secret],
      [HEADER.verify, 'NONE'],
    ] as const
    const lists = [[], FORGED, asProxy, [...asProxy, ['Connection', 'Via, close']]] as const
    for (const path of ['/pki/revoked', '/app/pki/revoked'].map(
      each => `${each}?nonce=${'0'.repeat(16)}&proxy=x`,
    )) {
      for (const headers of lists) {
        const { status, body } = await ask(stack(), { path, headers })
        expect([status, body]).toEqual([404, expect.not.stringContaining('gatehouse-revoked')])
      }
    }
  })
})

async function echoOf(stack: Stack, path: string, as?: ClientKeys): Promise<Echo> {
  const lines = FORGED.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const request = `GET ${path} HTTP/1.1\r\nHost: ${HOST}:${stack.port}\r\n${lines}Connection: close\r\n\r\n`
  const answer = await sendRaw(stack, request, { as })
  expect(answer, path).toMatch(/^HTTP\/1\.1 200 /)
  return JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)) as Echo
}

const AS_IT_CAME = [
  '/',
  '/x',
  '/?a=b',
  '/x?a=%20&b=/../c',
  '/a%2Fb%2fc',
  '/a%20b',
  '/%61',
  '/a;b=c',
  '/a//b',
  '/a/./b',
].concat(
  '/a/../b',
  '/a/%2e%2e/b',
  '/a\\b',
  '/a%5cb',
  '/a+b',
  '/a?b?c',
  "/a'(b)*!",
  '/a%0d%0aX-Proxy-Secret:%20evil',
)

describe.each(proxies)('$name, before any back end', front => {
  const stack = useStack(front, { backend: 'echo' })
  it.each(AS_IT_CAME)('%s goes on as it came', async path => {
    const echo = await echoOf(stack(), path, person('grace'))
    expect(echo.url).toBe(path)
    expect(contractOf(echo)).toEqual(contractFor(stack(), { as: person('grace') }))
  })

  it.each(['/', '/x', '/?a=b', '/x?a=%20', '/a%2Fb%2fc', '/a%20b', '/a;b=c', '/app/x'])(
    '/app%s goes on without the prefix',
    async path => {
      const echo = await echoOf(stack(), `/app${path}`, person('grace'))
      expect(echo.url).toBe(path)
      expect(contractOf(echo)).toEqual(contractFor(stack(), { as: person('grace'), prefix: '/app' }))
    },
  )

  it.each([
    '/application',
    '/app;x/y',
    '/APP/x',
    '/apps/',
    '/xapp/',
    '/x/app',
    '/x/app/y',
    '/x?/app',
    '/x?/app/y',
  ])('%s has no prefix', async path => {
    const echo = await echoOf(stack(), path)
    expect(echo.url).toBe(path)
    expect(received(echo, HEADER.forwardedPrefix)).toEqual([])
  })

  // Apache answers for itself, nginx refuses.
  it('OPTIONS * goes on as it came or not at all', async () => {
    const request = `OPTIONS * HTTP/1.1\r\nHost: ${HOST}:${stack().port}\r\nConnection: close\r\n\r\n`
    const seen = await seenWhile(stack(), async () => {
      expect(await sendRaw(stack(), request)).toMatch(/^HTTP\/1\.1 (200|400) /)
    })
    expect([[], ['*']]).toContainEqual(seen.map(({ url }) => url))
  })

  it.each([
    { path: '/app', location: '/app/' },
    { path: '/app?a=b&c=%2f', location: '/app/?a=b&c=%2f' },
  ])('$path leads to $location', async ({ path, location }) => {
    const { status, headers } = await ask(stack(), { path })
    expect(status).toBe(308)
    expect(String(headers.location).replace(`https://${HOST}:${stack().port}`, '')).toBe(location)
  })
})

// Apache ends the handshake of an expired certificate; nginx sends its requests another way than all others.
describe.each(proxies.filter(({ invalidCertificate }) => invalidCertificate === 'reported'))(
  '$name, with a certificate that failed',
  front => {
    const stack = useStack(front, { backend: 'echo' })
    let expired: ClientKeys
    beforeAll(async () => {
      const now = new Date(Date.now() - 100 * 86_400_000)
      expired = pemOf(await makeUser(await clientCa(), { now, days: 1 }))
    })

    it.each([
      { path: '/x?y=%20', url: '/x?y=%20', prefix: undefined },
      { path: '/a%2fb', url: '/a%2fb', prefix: undefined },
      { path: '/app/x?y', url: '/x?y', prefix: '/app' as const },
      { path: '/app/', url: '/', prefix: '/app' as const },
    ])('$path', async ({ path, url, prefix }) => {
      const echo = await echoOf(stack(), path, expired)
      expect(echo.url).toBe(url)
      const {
        'x-ssl-client-verify': verify,
        'client-cert-unverified': unverified,
        ...rest
      } = contractOf(echo)
      const { 'x-ssl-client-verify': _, ...expected } = contractFor(stack(), prefix ? { prefix } : {})
      expect(rest).toEqual(expected)
      expect(verify).toEqual([expect.stringMatching(/^FAILED:[ -~]+$/)])
      expect(unverified).toEqual([expect.stringMatching(/^:[A-Za-z0-9+/]+={0,2}:$/)])
    })

    it('is allowed no larger body than others', async () => {
      const body = 'a'.repeat(1024 * 1024)
      expect((await ask(stack(), { as: expired, method: 'POST', body })).status).toBe(200)
      expect((await ask(stack(), { as: expired, method: 'POST', body: `${body}a` })).status).toBe(413)
    })
  },
)
