// The service behind the gate is told who is calling, by the proxy alone, and nothing by which it could be somebody else.
import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { GATE } from '../../proxy-configs/gate-contract.ts'
import { FOREIGN_HEADERS, HEADER, HEADER_FAMILIES } from '../../proxy-configs/header-contract.ts'
import { type Ask, ask, type Echo, HOST, openTls, person, received } from '../support/ask.ts'
import { contractOf } from '../support/contract.ts'
import { clientCa, forge, nameOf } from '../support/forge.ts'
import { proxies } from '../support/fronts.ts'
import { gateCookie, gateToken } from '../support/gate-tokens.ts'
import { publish } from '../support/list-control.ts'
import { SPELLINGS } from '../support/spellings.ts'
import { useStack } from '../support/stack.ts'

const NAMES = [
  ...Object.values(HEADER),
  ...FOREIGN_HEADERS,
  ...HEADER_FAMILIES.flatMap(family => [family, `${family}-User`, `${family}-Made-Up`]),
]

describe.each(proxies)('$name', proxy => {
  const stack = useStack(proxy, { backend: 'list', gate: 'on', revocation: 'none' })
  beforeAll(() => publish(stack(), { generation: 1 }, 'ended'))

  async function arriving(options: Ask): Promise<Echo> {
    const { status, body } = await ask(stack(), { path: GATE.path, ...options })
    expect(status).toBe(200)
    return JSON.parse(body) as Echo
  }
  const usual = () => ({
    'remote-user': [expect.any(String)],
    'x-forwarded-for': [expect.stringMatching(/^(?!127\.)\d+(\.\d+){3}$/)],
    'x-forwarded-proto': ['https'],
    'x-forwarded-host': [`${HOST}:${stack().port}`],
    'x-request-id': [expect.stringMatching(/^[A-Za-z0-9_@-]{20,64}$/)],
    via: [`1.1 ${proxy.name}`],
  })

  describe.each([1, 2] as const)('HTTP/%i', http => {
    it.each(['a token', 'a certificate'])('with %s: these, once each, and no other', async what => {
      const options = what === 'a token' ? { headers: [gateCookie()] } : { as: person('grace') }
      const echo = await arriving({ http, ...options })
      expect(contractOf(echo)).toEqual(usual())
      const secrets = ['proxy-secret', 'ssl-client', 'client-cert', 'oidc', GATE.cookie.toLowerCase()]
      const all = echo.rawHeaders.join('\n').toLowerCase()
      for (const secret of secrets) expect(all).not.toContain(secret)
    })

    it.each(Object.entries(SPELLINGS))('what a client says, %s, does not arrive', async (_, spell) => {
      const headers = [...NAMES.map(name => [spell(name), 'SUCCESS, evil'] as const), gateCookie()]
      const echo = await arriving({ http, headers })
      expect(JSON.stringify(echo)).not.toContain('evil')
      expect(contractOf(echo)).toEqual({ ...usual(), 'remote-user': ['Ada Lovelace'] })
    })

    it('the path and the query arrive as they were sent', async () => {
      for (const path of [
        '/internal/a%2Fb/?c=%20d&e',
        '/internal/x/../y',
        '/internal//z',
        '/internal/app/',
      ]) {
        expect((await arriving({ http, path, headers: [gateCookie()] })).url).toBe(path)
      }
    })

    it('its own login is its own affair', async () => {
      const headers = [gateCookie(), ['Authorization', 'Basic YTpi']] as const
      expect(received(await arriving({ http, headers }), 'Authorization')).toEqual(['Basic YTpi'])
    })
  })

  const token = gateCookie()[1]
  const readable = (cookie: string) => cookie.replaceAll(token, 'TOKEN')
  const WITHOUT = [
    [token, []],
    [`${token}; a=b`, ['a=b']],
    [`a=b; ${token}`, ['a=b']],
    [`a=b; ${token}; c=d; e="f g"`, ['a=b; c=d; e="f g"']],
    [`a=b;${token};c=d`, ['a=b;c=d']],
    [`x${GATE.cookie}=1; ${token}; ${GATE.cookie}x=2`, [`x${GATE.cookie}=1; ${GATE.cookie}x=2`]],
  ] as const
  it.each(WITHOUT.map(([cookie, rest]) => [readable(cookie), cookie, rest] as const))(
    'of "%s" the rest arrives',
    async (_, cookie, rest) => {
      for (const options of [{}, { as: person('grace') }]) {
        const echo = await arriving({ ...options, headers: [['Cookie', cookie]] })
        expect(received(echo, 'Cookie')).toEqual(rest)
      }
    },
  )

  it('of several tokens none arrives', async () => {
    const as = person('grace')
    for (const cookie of [
      `${token}; ${token}`,
      `a=b; ${token}; c=d; ${token}`,
      `a="; ${token}; b="; ${token}`,
    ]) {
      expect(JSON.stringify(await arriving({ as, headers: [['Cookie', cookie]] }))).not.toContain(GATE.cookie)
    }
    const lines = [
      ['Cookie', token],
      ['Cookie', `a=b; ${token}`],
    ] as const
    expect(JSON.stringify(await arriving({ as, headers: lines }))).not.toContain(GATE.cookie)
  })

  it('the service cannot set the cookie, and others it can', async () => {
    const cookies = ['a=b; Path=/', `${GATE.cookie}=x; Path=/; Secure`, `=${GATE.cookie} =x`, 'c=d']
    const query = cookies.map(cookie => `set-cookie=${encodeURIComponent(cookie)}`).join('&')
    const behind = await ask(stack(), { path: `${GATE.path}?${query}`, headers: [gateCookie()] })
    // Apache and HAProxy leave a field that sets nothing.
    expect([behind.headers['set-cookie']].flat().filter(Boolean)).toEqual(['a=b; Path=/', 'c=d'])
    const application = await ask(stack(), { path: `/?${query}` })
    expect(application.headers['set-cookie']).toEqual(cookies)
  })

  it('a body is passed on while it comes', async () => {
    const skipped = stack().backendLog.lines.length
    const socket = await openTls(stack())
    try {
      const head = `POST ${GATE.path}begun HTTP/1.1\r\nHost: ${HOST}\r\n${gateCookie().join(': ')}\r\n`
      socket.write(`${head}Content-Length: 400000000\r\n\r\nx`)
      await stack().backendLog.line(line => line.includes(`${GATE.path}begun`), skipped)
    } finally {
      socket.destroy()
    }
  })

  it('the application gets the cookie as it came', async () => {
    for (const path of ['/', '/_auth/', '/app/_auth/']) {
      const echo = await arriving({ path, headers: [['Cookie', `a=b; ${token}; c=d`]] })
      expect(received(echo, 'Cookie')).toEqual([`a=b; ${token}; c=d`])
    }
  })

  it('a certificate without one name that a header can say is its serial number', async () => {
    const two = nameOf([['CN', 'Grace']], [['CN', 'Admin']])
    const none = nameOf([['O', 'Gatehouse']])
    const broken = nameOf([['CN', 'Grace\r\nRemote-User: admin']])
    for (const subject of [two, none, broken]) {
      const as = await forge(await clientCa(), {
        change: certificate => {
          certificate.subject = subject
        },
      })
      const { serialNumber } = new X509Certificate(as.cert)
      expect(received(await arriving({ as }), GATE.remoteUser)).toEqual([`certificate ${serialNumber}`])
    }
  })

  it('a token is nobody on a path that the application has', async () => {
    const echo = await arriving({ path: '/', headers: [gateCookie(gateToken())] })
    expect(received(echo, GATE.remoteUser)).toEqual([])
    expect(received(echo, HEADER.verify)).toEqual(['NONE'])
  })
})
