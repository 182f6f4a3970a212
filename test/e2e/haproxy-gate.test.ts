// HAProxy's own way of keeping the gate: it reads cookies with regular expressions, remembers which tokens it has verified,
// and hands on a WebSocket of HTTP/2.
import { sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect } from 'node:http2'
import { describe, expect, inject, it, vi } from 'vitest'
import { parseGateKeys } from '../../pki/gate-keys.ts'
import { GATE } from '../../proxy-configs/gate-contract.ts'
import { type Ask, ask, HOST, person, tlsOptions } from '../support/ask.ts'
import { PATIENCE } from '../support/eventually.ts'
import { proxies } from '../support/fronts.ts'
import { useStack } from '../support/stack.ts'

const SESSION = '00AB'.repeat(8)

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** One that the application could have signed, but for what is said here. */
function token(claims: object = {}, header: object = {}): string {
  const { privateKeys } = parseGateKeys(readFileSync(`${inject('keys')}/private/gate-keys.json`, 'utf8'))
  const ours = { iss: GATE.issuer, aud: GATE.audience, sub: 'Ada', jti: SESSION, exp: inSeconds(600) }
  const text = `${encode({ alg: 'ES256', kid: 'a', typ: 'JWT', ...header })}.${encode({ ...ours, ...claims })}`
  const key = { key: privateKeys.a, dsaEncoding: 'ieee-p1363' } as const
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`
}

const inSeconds = (count: number): number => Math.floor(Date.now() / 1000) + count

describe.each(proxies.filter(({ name }) => name === 'haproxy'))('$name', proxy => {
  const stack = useStack(proxy, { intranet: true })

  /** The status, and the cookies that the service got. */
  async function come(cookies: readonly string[], more: Ask = {}): Promise<readonly unknown[]> {
    const headers = cookies.map(value => ['Cookie', value] as const)
    const { status, body } = await ask(stack(), { path: GATE.path, headers, ...more })
    if (status !== 200) return [status]
    const received: { readonly headers: readonly (readonly string[])[] } = JSON.parse(body)
    return [status, ...received.headers.filter(([name]) => name === 'cookie').map(([, value]) => value)]
  }

  it.each([
    ['alone', '__Host-gatehouse=T', [200]],
    ['first', '__Host-gatehouse=T; a=1', [200, 'a=1']],
    ['last', 'a=1; __Host-gatehouse=T', [200, 'a=1']],
    ['between others', 'a=1; __Host-gatehouse=T; b=2', [200, 'a=1; b=2']],
    ['after an open quotation mark', 'a="1; __Host-gatehouse=T', [200, 'a="1']],
    [
      'beside names that only resemble it',
      'x__Host-gatehouse=1; __Host-gatehouse=T',
      [200, 'x__Host-gatehouse=1'],
    ],
    ['twice', '__Host-gatehouse=T; __Host-gatehouse=T', [302]],
    ['twice, once with a blank', '__Host-gatehouse =1; __Host-gatehouse=T', [302]],
    ['within a value', 'a=1,__Host-gatehouse=T', [302]],
    ['without its name', 'T', [302]],
    ['in lower case', '__host-gatehouse=T', [302]],
  ])('the cookie %s', async (_, cookie, expected) => {
    const value = token()
    expect(await come([cookie.replaceAll('T', value)])).toEqual(expected)
  })

  it('several lines count as one', async () => {
    const cookie = `${GATE.cookie}=${token()}`
    expect(await come(['a=1', cookie, 'b=2'])).toEqual([200, 'a=1; b=2'])
    expect(await come([cookie, cookie])).toEqual([302])
  })

  it('of a certificate with several cookies the service gets none', async () => {
    const cookie = `${GATE.cookie}=1; ${GATE.cookie}=2; a=1;${GATE.cookie} =3`
    expect(await come([cookie], { as: person('grace') })).toEqual([200, 'a=1'])
  })

  it('a token that was verified is good for as long as it says, and no longer', async () => {
    const cookie = `${GATE.cookie}=${token({ exp: inSeconds(3) })}`
    expect(await come([cookie])).toEqual([200])
    await vi.waitUntil(async () => (await come([cookie]))[0] === 302, PATIENCE)
  })

  it.each([
    ['an end in text', { exp: '9999999999' }, {}],
    ['a beginning', { nbf: 0 }, {}],
    ['an extension', {}, { crit: ['x'], x: 1 }],
    ['a list of audiences', { aud: [GATE.audience] }, {}],
    ['a list of keys', {}, { kid: ['a'] }],
    ['a session and more', { jti: `${SESSION}\n` }, {}],
  ])('what the application would not sign: %s', async (_, claims, header) => {
    const cookie = `${GATE.cookie}=${token(claims, header)}`
    expect([await come([cookie]), await come([cookie])]).toEqual([[302], [302]])
  })

  it.each(['Ada\r\nRemote-Level: admin', 'Ada\n', ' Ada', 'Ada ', '\u0000', ''])(
    'nobody is called %j',
    async user => {
      expect(await come([`${GATE.cookie}=${token({ sub: user })}`])).toEqual([302])
    },
  )

  it('a path that has no room in a redirect is refused without one', async () => {
    expect((await ask(stack(), { path: GATE.path + '&'.repeat(8200) })).status).toBe(401)
  })

  it('a length that no number can hold is refused', async () => {
    const headers = [['Content-Length', '18446744073709551616']] as const
    expect(
      (await ask(stack(), { path: GATE.path, method: 'POST', as: person('grace'), headers })).status,
    ).toBe(413)
  })

  it('a WebSocket of HTTP/2 passes', async () => {
    const session = connect(`https://127.0.0.1:${stack().port}`, tlsOptions({ as: person('grace') }))
    try {
      await new Promise(resolve => session.once('remoteSettings', resolve))
      const socket = session.request(
        {
          ':method': 'CONNECT',
          ':protocol': 'websocket',
          ':scheme': 'https',
          ':path': `${GATE.path}socket`,
          ':authority': HOST,
          'sec-websocket-version': '13',
        },
        { endStream: false },
      )
      const headers = await new Promise<Record<string, unknown>>(resolve => socket.once('response', resolve))
      expect(headers[':status']).toBe(200)
      // RFC 6455 section 5.7: a masked text frame, and the same from a server.
      socket.write(Buffer.from('818537fa213d7f9f4d5158', 'hex'))
      const [frame] = await new Promise<Buffer[]>(resolve => socket.once('data', (...data) => resolve(data)))
      expect(frame).toEqual(Buffer.from('810548656c6c6f', 'hex'))
    } finally {
      session.destroy()
    }
  })
})
