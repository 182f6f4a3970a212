// Who may not pass is sent to the login and back, or told so, as it suits who asks; and never anywhere else.
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { GATE } from '../../proxy-configs/gate-contract.ts'
import { type Ask, ask, sendRaw } from '../support/ask.ts'
import { proxies } from '../support/fronts.ts'
import { publish } from '../support/list-control.ts'
import { useStack } from '../support/stack.ts'

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
const REDIRECTED: readonly (readonly [string, Ask])[] = [
  ['curl', { headers: [['Accept', '*/*']] }],
  ['no Accept', {}],
  [
    'a browser',
    {
      headers: [
        ['Accept', BROWSER],
        ['Sec-Fetch-Dest', 'document'],
      ],
    },
  ],
  ['a browser that takes JSON as well', { headers: [['Accept', 'application/json, text/html']] }],
  ['HEAD', { method: 'HEAD' }],
  [
    'an image in a page',
    {
      headers: [
        ['Accept', 'image/avif,*/*'],
        ['Sec-Fetch-Dest', 'image'],
      ],
    },
  ],
]
const TOLD: readonly (readonly [string, Ask, 'json' | 'html'])[] = [
  ['JSON', { headers: [['Accept', 'application/json']] }, 'json'],
  ['problem details', { headers: [['Accept', 'application/problem+json']] }, 'json'],
  [
    'a script in a page',
    {
      headers: [
        ['Accept', '*/*'],
        ['Sec-Fetch-Dest', 'empty'],
      ],
    },
    'json',
  ],
  ['POST', { method: 'POST', body: 'a=b' }, 'json'],
  ['a form', { method: 'POST', body: 'a=b', headers: [['Accept', BROWSER]] }, 'html'],
  ['PUT', { method: 'PUT', body: 'x' }, 'json'],
  ['DELETE', { method: 'DELETE' }, 'json'],
  ['OPTIONS', { method: 'OPTIONS' }, 'json'],
]
const PATHS: readonly (readonly [path: string, url: string])[] = [
  ['/internal/', '/internal/'],
  ['/internal/a/b.c-d_e~f', '/internal/a/b.c-d_e~f'],
  ['/internal/?a=b&c=d', '/internal/%3Fa%3Db%26c%3Dd'],
  ['/internal/%2e%2E/%2Fx', '/internal/%252e%252E/%252Fx'],
  ['/internal/x?url=//evil.example/', '/internal/x%3Furl%3D//evil.example/'],
  ["/internal/'()*!;:@$,+", '/internal/%27%28%29%2A%21%3B%3A%40%24%2C%2B'],
  ['/internal/%0d%0aSet-Cookie:%20a=b', '/internal/%250d%250aSet-Cookie%3A%2520a%3Db'],
  ['/internal//evil.example', '/internal//evil.example'],
]

describe.each(proxies)('$name', proxy => {
  const stack = useStack(proxy, { backend: 'list', gate: 'on', revocation: 'none' })
  beforeAll(() => publish(stack(), { generation: 1 }, 'ended'))
  const refusal = (form: string) => readFileSync(`proxy-configs/refusals/login-required.${form}`, 'utf8')

  describe.each([1, 2] as const)('HTTP/%i', http => {
    it.each(REDIRECTED)('%s is sent to the login', async (_, options) => {
      const { status, headers } = await ask(stack(), { http, path: GATE.path, ...options })
      expect([status, headers.location]).toEqual([302, '/_auth/login?url=/internal/'])
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'strict-transport-security': 'max-age=63072000',
        'x-request-id': expect.stringMatching(/^[A-Za-z0-9_@-]{20,64}$/),
      })
      expect(headers).not.toHaveProperty('set-cookie')
    })

    it.each(TOLD)('%s is told so', async (_, options, form) => {
      const { status, headers, body } = await ask(stack(), { http, path: GATE.path, ...options })
      expect([status, body]).toEqual([401, refusal(form)])
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'content-type': form === 'json' ? 'application/problem+json' : 'text/html; charset=utf-8',
        'www-authenticate': 'ClientCertificate',
        'strict-transport-security': 'max-age=63072000',
        'x-request-id': expect.stringMatching(/^[A-Za-z0-9_@-]{20,64}$/),
        ...(form === 'html' && {
          'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
        }),
      })
    })

    it.each(PATHS)('%s comes back', async (path, url) => {
      const { status, headers } = await ask(stack(), { http, path })
      expect([status, headers.location]).toEqual([302, `/_auth/login?url=${url}`])
      const back = new URL(String(headers.location), 'https://gatehouse.localhost').searchParams.get('url')
      expect(back).toBe(path)
    })

    it('/internal is /internal/', async () => {
      const { status, headers } = await ask(stack(), { http, path: '/internal?a=b' })
      expect([status, headers.location]).toEqual([308, '/internal/?a=b'])
    })

    it.each([
      '/Internal/',
      '/INTERNAL/x',
      '//internal/',
      '/./internal/',
      '/x/../internal/',
      '/%69nternal/',
      '/internal%2f',
      '/app/internal/',
      '/internalx',
      '/internal;/',
    ])('%s is for the application, which is asked for nothing of the intranet', async path => {
      const { status, body } = await ask(stack(), { http, path, headers: [['Accept', 'application/json']] })
      expect(status).toBe(200)
      // Apache makes one slash of two.
      expect([path.replace(/^\/app/, ''), path.replace('//', '/')]).toContain(JSON.parse(body).url)
      expect(body.toLowerCase()).toContain('x-proxy-secret')
    })
  })

  it('a socket is told so', async () => {
    const headers =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='
    const raw = `GET ${GATE.path}socket HTTP/1.1\r\nHost: gatehouse.localhost\r\n${headers}\r\n\r\nGET / HTTP/1.1\r\nHost: gatehouse.localhost\r\nConnection: close\r\n\r\n`
    expect(await sendRaw(stack(), raw)).toMatch(/^HTTP\/1\.1 401 /)
  })

  it('a whole URL is a path all the same', async () => {
    const raw =
      'GET https://gatehouse.localhost/internal/a HTTP/1.1\r\nHost: gatehouse.localhost\r\nConnection: close\r\n\r\n'
    expect(await sendRaw(stack(), raw)).toMatch(/\r\nlocation: \/_auth\/login\?url=\/internal\/a\r\n/i)
  })
})
