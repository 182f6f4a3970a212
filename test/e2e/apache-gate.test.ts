// What only Apache does that way: it makes one Cookie line of several, mod_ssl escapes names, and its threads share what was verified.
import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { GATE } from '../../proxy-configs/gate-contract.ts'
import { HEADER } from '../../proxy-configs/header-contract.ts'
import { quietly } from '../../scripts/quietly.ts'
import { type Ask, ask, type Echo, HOST, person, received, sendRaw } from '../support/ask.ts'
import { clientCa, forge, nameOf } from '../support/forge.ts'
import { proxies } from '../support/fronts.ts'
import { gateCookie, gateToken } from '../support/gate-tokens.ts'
import { publish } from '../support/list-control.ts'
import { useStack } from '../support/stack.ts'

describe.each(proxies.filter(({ name }) => name === 'apache'))('$name', proxy => {
  const stack = useStack(proxy, { backend: 'list', gate: 'on', revocation: 'none' })
  beforeAll(() => publish(stack(), { generation: 1 }, 'ended'))

  async function arriving(options: Ask): Promise<Echo> {
    return JSON.parse((await ask(stack(), { path: GATE.path, ...options })).body) as Echo
  }
  const statusOf = async (...lines: (readonly [string, string])[]) =>
    (await ask(stack(), { path: GATE.path, headers: lines })).status

  it('a token in one of several lines is none, whatever comes before and after it', async () => {
    const [, token] = gateCookie()
    const other = ['Cookie', 'a=b'] as const
    expect(await statusOf(other, ['Cookie', `${token}; ${gateCookie()[1]}`])).toBe(302)
    expect(await statusOf(other, ['Cookie', `c=d; ${token}`])).toBe(200)
    expect(await statusOf(other, ['Cookie', token])).toBe(302)
    expect(await statusOf(['Cookie', token], other)).toBe(302)
    for (const lines of [
      [other, ['Cookie', token]],
      [['Cookie', token], other],
    ] as const) {
      const echo = await arriving({ as: person('grace'), headers: lines })
      expect(JSON.stringify(echo)).not.toContain(GATE.cookie)
    }
  })

  it.each([`${GATE.cookie} =x; Path=/`, `=${GATE.cookie}=x; Path=/`])(
    'the service cannot set "%s"',
    async cookie => {
      const query = `?set-cookie=${encodeURIComponent(cookie)}&set-cookie=a%3Db`
      const { headers } = await ask(stack(), { path: `${GATE.path}${query}`, headers: [gateCookie()] })
      expect([headers['set-cookie']].flat().filter(Boolean)).toEqual(['a=b'])
    },
  )

  it.each(['/internal/../app/x', '/internal/%2e%2e/app/x'])(
    '%s is no path of the application',
    async path => {
      const raw = `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n${gateCookie().join(': ')}\r\nConnection: close\r\n\r\n`
      const answer = await sendRaw(stack(), raw)
      expect(answer).toContain('Remote-User')
      expect(answer).not.toContain(HEADER.forwardedPrefix)
      expect(answer).not.toContain(HEADER.proxySecret)
    },
  )

  async function nameFor(name: string) {
    const as = await forge(await clientCa(), {
      change: certificate => {
        certificate.subject = nameOf([['CN', name]])
      },
    })
    const [user = ''] = received(await arriving({ as }), GATE.remoteUser)
    return [Buffer.from(user, 'latin1').toString('utf8'), new X509Certificate(as.cert).serialNumber]
  }
  it.each(['DOMAIN\\ada', '\\', 'Zoë, "+" \\0A'])('%j is a name', async name => {
    expect((await nameFor(name))[0]).toBe(name)
  })
  it.each(['a\nb', '\x00', ' Grace Hopper', 'Grace Hopper '])(
    '%j is none, but a serial number',
    async name => {
      const [user, serial] = await nameFor(name)
      expect(user).toBe(`certificate ${serial}`)
    },
  )

  it('a name that no header can say is nobody', async () => {
    for (const sub of ['admin\0x', 'a\r\nX-Evil: 1'])
      expect(await statusOf(gateCookie(gateToken({ sub })))).toBe(302)
  })

  it('remembers what is verified, once for all threads, and no forgery', async () => {
    const count = async () => {
      const { stdout } =
        await quietly`docker exec ${stack().container} find /dev/shm/gatehouse/verified -type f`
      return stdout.trim().split('\n').length
    }
    const cookie = gateCookie()
    const many = (line: typeof cookie) => Promise.all(Array.from({ length: 40 }, () => statusOf(line)))
    expect(await statusOf(cookie)).toBe(200)
    const before = await count()
    expect(new Set(await many(cookie))).toEqual(new Set([200]))
    const [head, body, signature] = gateToken().split('.')
    const forged = gateCookie(`${head}.${body}.${[...(signature ?? '')].toReversed().join('')}`)
    expect(new Set(await many(forged))).toEqual(new Set([302]))
    expect(await count()).toBe(before)
  })
})
