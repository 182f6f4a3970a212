// Promise: behind the gate comes whoever holds a token that the application has signed, or a certificate, and nobody else.
import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { GATE } from '../../proxy-configs/gate-contract.ts'
import { type Ask, ask, type Echo, person, received, sendRaw } from '../support/ask.ts'
import { PATIENCE } from '../support/eventually.ts'
import { pem } from '../support/forge.ts'
import { FORGERIES, forgedTokens } from '../support/forged-tokens.ts'
import { proxies } from '../support/fronts.ts'
import { gateCookie, gateKeys, gateToken, newSession } from '../support/gate-tokens.ts'
import { makeSelfSigned } from '../support/lab.ts'
import { publish } from '../support/list-control.ts'
import { useStack } from '../support/stack.ts'

describe.each(proxies)('$name', proxy => {
  const stack = useStack(proxy, { backend: 'list', gate: 'on' })
  beforeAll(async () => {
    await publish(stack(), { generation: 1 }, 'ended')
    await publish(stack(), { generation: 1 })
  })

  /** Who has come through, if anybody. */
  async function comer(options: Ask): Promise<string | number> {
    const { status, body } = await ask(stack(), { path: GATE.path, ...options })
    if (status !== 200) return status
    const [user = ''] = received(JSON.parse(body) as Echo, GATE.remoteUser)
    return Buffer.from(user, 'latin1').toString('utf8')
  }
  const withToken = (token: string, options: Ask = {}) => comer({ ...options, headers: [gateCookie(token)] })

  describe.each([1, 2] as const)('HTTP/%i', http => {
    it('a token of either key passes, again and again', async () => {
      for (const slot of ['a', 'b'] as const) {
        const token = gateToken({}, slot)
        for (let i = 0; i < 3; i++) expect(await withToken(token, { http })).toBe('Ada Lovelace')
      }
    })

    it('a certificate passes, and is who it is whatever token comes with it', async () => {
      const as = person('grace')
      expect(await comer({ http, as })).toBe('Grace Hopper')
      expect(await withToken(gateToken(), { http, as })).toBe('Grace Hopper')
      expect(await withToken('x', { http, as })).toBe('Grace Hopper')
    })

    it('nobody does not, and a self-signed certificate is nobody', async () => {
      const { certificate, privateKey } = makeSelfSigned()
      const as = pem(certificate.der, privateKey)
      expect(await comer({ http })).toBe(302)
      expect(await comer({ http, as })).toBe(302)
      expect(await withToken(gateToken(), { http, as })).toBe('Ada Lovelace')
    })

    it('names of every language, and with quotes', async () => {
      for (const sub of ['Zoë Übermaß', '名前', 'a "quoted" \\ name', 'x'.repeat(64)]) {
        expect(await withToken(gateToken({ sub }), { http })).toBe(sub)
      }
    })

    it('other cookies beside it do not matter', async () => {
      const cookie = `a=b; ${gateCookie()[1]}; c="d"`
      expect(await comer({ http, headers: [['Cookie', cookie]] })).toBe('Ada Lovelace')
    })

    it('two tokens are none, over two lines as well', async () => {
      const one = gateCookie()
      expect(await comer({ http, headers: [['Cookie', `${one[1]}; ${one[1]}`]] })).toBe(302)
      expect(await comer({ http, headers: [['Cookie', `${one[1]}; ${GATE.cookie}=x`]] })).toBe(302)
      expect(await comer({ http, headers: [one, one] })).toBe(302)
      expect(await comer({ http, headers: [['Cookie', `${GATE.cookie}=`], one] })).toBe(302)
    })

    it('a cookie of almost that name is another one', async () => {
      const token = gateToken()
      for (const name of [
        '__host-gatehouse',
        'gatehouse',
        `x${GATE.cookie}`,
        `${GATE.cookie}x`,
        '__Host_gatehouse',
      ])
        expect(await comer({ http, headers: [['Cookie', `${name}=${token}`]] })).toBe(302)
    })

    it('a token elsewhere than in the cookie opens nothing', async () => {
      const token = gateToken()
      const headers = [
        ['Authorization', `Bearer ${token}`],
        ['X-Auth-Token', token],
        [GATE.remoteUser, 'Ada Lovelace'],
      ] as const
      expect(await comer({ http, headers })).toBe(302)
      expect(await comer({ http, path: `${GATE.path}?access_token=${token}&${GATE.cookie}=${token}` })).toBe(
        302,
      )
    })
  })

  it.each(FORGERIES)('%s does not pass', async name => {
    const good = gateToken()
    expect(await withToken(good)).toBe('Ada Lovelace')
    const forged = forgedTokens(good, gateKeys().privateKeys)[name] ?? ''
    for (let i = 0; i < 2; i++) expect(await withToken(forged)).toBe(302)
  })

  it('a name of nothing is nobody, and so is one that no header can say', async () => {
    for (const sub of ['', 'admin\0x', 'a\r\nRemote-User: admin'])
      expect(await withToken(gateToken({ sub }))).toBe(302)
  })

  it('octets that are no token at all are refused, not failed at', async () => {
    for (const value of [
      '%',
      '"',
      'ÿþ',
      '{"alg":"none"}',
      '=',
      '.'.repeat(300),
      'A'.repeat(7000),
      'e30.e30.',
    ]) {
      const raw = `GET ${GATE.path} HTTP/1.1\r\nHost: gatehouse.localhost\r\nCookie: ${GATE.cookie}=${value}\r\nConnection: close\r\n\r\n`
      expect(await sendRaw(stack(), raw)).toMatch(/^HTTP\/1\.1 302 /)
    }
  })

  it('a signature may begin or end with octets of 0', async () => {
    const isSpecial = (token: string) => {
      const octets = Buffer.from(token.split('.')[2] ?? '', 'base64url')
      return [0, 31, 32, 63].filter(at => octets[at] === 0)
    }
    const seen = new Set<number>()
    while (seen.size < 4) {
      const token = gateToken()
      const special = isSpecial(token)
      if (special.every(at => seen.has(at))) continue
      for (const at of special) seen.add(at)
      expect(await withToken(token)).toBe('Ada Lovelace')
    }
  })

  it('a token is good to its last second, and not after it, also on an open connection', async () => {
    const token = gateToken({ exp: Math.floor(Date.now() / 1000) + 2 })
    expect(await withToken(token)).toBe('Ada Lovelace')
    await expect.poll(() => withToken(token), PATIENCE).toBe(302)
  })

  it('a session that has ended is refused, and others go on', async () => {
    // With zeros in front, as of a number.
    const jti = `00${newSession().slice(2)}`
    const token = gateToken({ jti })
    const other = gateToken()
    expect(await withToken(token)).toBe('Ada Lovelace')
    await publish(stack(), { add: [jti] }, 'ended')
    expect(await withToken(token)).toBe(302)
    expect(await withToken(gateToken({ jti }, 'b'))).toBe(302)
    expect(await withToken(other)).toBe('Ada Lovelace')
  })

  it('a revoked certificate is refused whatever token comes with it', async () => {
    const as = person('cecilia')
    await publish(stack(), { add: [new X509Certificate(as.cert).serialNumber] })
    expect(await comer({ as })).toBe(403)
    expect(await withToken(gateToken(), { as })).toBe(403)
    expect(await withToken(gateToken())).toBe('Ada Lovelace')
  })
})

describe.each(proxies)('$name without the gate', proxy => {
  const stack = useStack(proxy, { backend: 'echo', gate: 'off' })
  it('has nothing there: it is for the application to say', async () => {
    const { body } = await ask(stack(), { path: GATE.path, headers: [[GATE.remoteUser, 'Eve']] })
    const echo = JSON.parse(body) as Echo
    expect(echo.url).toBe(GATE.path)
    expect(received(echo, GATE.remoteUser)).toEqual([])
    expect(received(echo, 'X-Proxy-Secret')).toHaveLength(1)
  })
})

describe.each(proxies)('$name with certificates required', proxy => {
  const stack = useStack(proxy, { backend: 'list', gate: 'on', revocation: 'none', clientCert: 'require' })
  it('lets nobody in by a token alone', async () => {
    await publish(stack(), { generation: 1 }, 'ended')
    const withToken = await ask(stack(), { path: GATE.path, headers: [gateCookie()] }).catch(() => undefined)
    expect([403, undefined]).toContain(withToken?.status)
    expect((await ask(stack(), { path: GATE.path, as: person('grace') })).status).toBe(200)
  })
})
