// A connection made for one name never carries a request for another, on a resumed session either.
import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { type ClientKeys, type Echo, HOST, person, received, sendRaw } from '../support/ask.ts'
import { fronts, proxies } from '../support/fronts.ts'
import { askRawHttp2 } from '../support/raw-http2.ts'
import { seenWhile } from '../support/seen.ts'
import { type Stack, useStack } from '../support/stack.ts'

// The server certificate has it as well: for TLS it is as good as the other.
const OTHER = 'localhost'
const NO_SNI = ''

const HONEST = [
  { sni: HOST, host: HOST },
  { sni: HOST, host: `${HOST}:8443` },
  { sni: HOST, host: HOST.toUpperCase() },
  { sni: HOST.toUpperCase(), host: HOST },
  { sni: 'GateHouse.localhost', host: 'gATEhOUSE.localhost:1' },
  { sni: OTHER, host: OTHER },
  { sni: NO_SNI, host: '127.0.0.1' },
  { sni: NO_SNI, host: '[::1]:8443' },
  { sni: NO_SNI, host: HOST },
  { sni: NO_SNI, host: HOST.toUpperCase() },
]

const MISDIRECTED = [
  { sni: HOST, host: OTHER },
  { sni: OTHER, host: HOST },
  { sni: HOST, host: 'evil.example' },
  { sni: HOST, host: `${HOST}.evil.example` },
  { sni: HOST, host: `evil.${HOST}` },
  { sni: HOST, host: `x${HOST}` },
  { sni: HOST, host: HOST.slice(1) },
  { sni: HOST, host: HOST.replace('.', 'x') },
  { sni: HOST, host: `evil.example, ${HOST}` },
  { sni: HOST, host: `${HOST}, evil.example` },
  { sni: HOST, host: `${HOST}:80:evil` },
  { sni: HOST, host: `evil.example:${HOST}` },
  { sni: HOST, host: `evil@${HOST}` },
  { sni: HOST, host: `${HOST}@evil.example` },
  { sni: HOST, host: `${HOST}/evil` },
  { sni: HOST, host: `evil.example#${HOST}` },
  { sni: HOST, host: `${HOST}|${HOST}` },
  { sni: HOST, host: '127.0.0.1' },
  { sni: HOST, host: '' },
]

interface Names {
  readonly sni: string
  readonly host: string
}

function get({ sni, host }: Names, stack: Stack, as?: ClientKeys) {
  const bytes = `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
  // Which name the server certificate has is not asked here.
  const tls = { servername: sni, checkServerIdentity: () => undefined }
  return sendRaw(stack, bytes, { as, tls })
}

describe.each(fronts)('$name', front => {
  const stack = useStack(front)

  it.each(HONEST)('SNI "$sni", Host "$host" is answered', async names => {
    const answer = await get(names, stack(), person('grace'))
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).toContain('Hello Grace Hopper!')
  })

  it.each(MISDIRECTED)('SNI "$sni", Host "$host" is refused', async names => {
    const answer = await get(names, stack(), person('grace'))
    // What is no host at all may be refused as such.
    expect(answer).toMatch(/^HTTP\/1\.1 (421|400) /)
    expect(answer).not.toContain('Grace')
  })

  it('says 421 to a good name that is not the one of the connection', async () => {
    for (const names of MISDIRECTED.slice(0, 5)) {
      expect(await get(names, stack())).toMatch(/^HTTP\/1\.1 421 /)
    }
  })

  it('refuses two different Host headers, and none', async () => {
    for (const lines of [`Host: ${HOST}\r\nHost: ${OTHER}\r\n`, `Host: ${OTHER}\r\nHost: ${HOST}\r\n`, '']) {
      const bytes = `GET / HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`
      expect(await sendRaw(stack(), bytes)).toMatch(/^HTTP\/1\.1 4(00|21) /)
    }
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('a session of another name is of no use, %s', async version => {
    const first = await speak(stack(), { sni: HOST, host: HOST, version, as: person('grace') })
    expect(first.answer).toContain('Hello Grace Hopper!')
    // The session alone would prove who is calling; under its own name it does.
    const same = await speak(stack(), { sni: HOST, host: HOST, version, session: first.session })
    expect([same.isResumed, same.answer.includes('Grace')]).toEqual([true, true])
    for (const host of [OTHER, HOST]) {
      const other = await speak(stack(), { sni: OTHER, host, version, session: first.session })
      const isRefused = /^HTTP\/1\.1 421 /.test(other.answer)
      expect(other.isResumed && host === OTHER && !isRefused).toBe(false)
      if (!isRefused) expect(other.answer.includes('Grace')).toBe(other.isResumed)
    }
  })
})

interface Speak extends Names {
  readonly version: 'TLSv1.2' | 'TLSv1.3'
  readonly as?: ClientKeys
  readonly session?: Buffer
}

async function speak(stack: Stack, { sni, host, version, as, session }: Speak) {
  const socket: TLSSocket = connect({
    host: '127.0.0.1',
    port: stack.port,
    servername: sni,
    // Which name the server certificate has is not asked here, and who signed it neither.
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
    ...as,
    ...(session && { session }),
  })
  const sessions: Buffer[] = []
  socket.on('session', later => sessions.push(later))
  socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  await once(socket, 'secureConnect')
  const isResumed = socket.isSessionReused()
  const answer = (await socket.setEncoding('utf8').toArray()).join('')
  return { answer, isResumed, session: sessions.at(-1) ?? Buffer.alloc(0) }
}

describe.each(proxies)('$name, before any back end', front => {
  const stack = useStack(front, { backend: 'echo' })

  /** Whatever is asked for, the back end hears of this connection's name only. */
  function isOurs(body: string) {
    const echo = JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1)) as Echo
    for (const name of ['Host', 'X-Forwarded-Host']) {
      expect(received(echo, name).map(value => value.toLowerCase().replace(/:\d+$/, ''))).toEqual([HOST])
    }
    expect(echo.url).toBe('/x')
  }

  function isOursOrRefused(answer: string) {
    if (/^HTTP\/1\.1 200 /.test(answer)) isOurs(answer)
    else expect(answer).toMatch(/^HTTP\/1\.1 4(00|21) /)
  }

  function askForUrl(target: string, host: string, servername = HOST) {
    const bytes = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
    return sendRaw(stack(), bytes, { tls: { servername } })
  }

  it.each([
    { target: `https://${HOST}/x`, host: HOST },
    { target: `HTTPS://${HOST.toUpperCase()}/x`, host: HOST },
    { target: `https://${HOST}/x`, host: OTHER },
    { target: `https://${HOST}/x`, host: `${HOST}.evil.example` },
    { target: `https://${OTHER}/x`, host: HOST },
    { target: 'https://evil.example/x', host: HOST },
    { target: 'https://evil.example/x', host: 'evil.example' },
    { target: `https://${HOST}@evil.example/x`, host: HOST },
    { target: `https://evil.example@${HOST}/x`, host: HOST },
    { target: `https://${HOST}:1@evil.example/x`, host: HOST },
    { target: `//evil.example/x`, host: HOST, path: '//evil.example/x' },
  ])('the whole URL $target, Host "$host"', async ({ target, host, path }) => {
    const answer = await askForUrl(target, host)
    if (path) return expect(answer).toContain('HTTP/1.1 200 ')
    isOursOrRefused(answer)
  })

  it('a whole URL, and a Host that only begins like it, on a connection without a name', async () => {
    isOursOrRefused(await askForUrl(`https://${HOST}/x`, `${HOST}.evil.example`, NO_SNI))
  })

  it('hears of no request without a Host, on a connection without a name either', async () => {
    const seen = await seenWhile(stack(), async () => {
      const answer = await sendRaw(stack(), 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', {
        tls: { servername: NO_SNI },
      })
      expect(answer).toMatch(/^HTTP\/1\.1 4(00|21) /)
    })
    expect(seen).toEqual([])
  })

  it.each([
    { authority: HOST, host: OTHER },
    { authority: OTHER, host: HOST },
    { authority: HOST, host: HOST },
    { authority: HOST, host: undefined },
    { authority: OTHER, host: undefined },
    { authority: undefined, host: HOST },
    { authority: undefined, host: OTHER },
    { authority: undefined, host: undefined },
    { authority: `${HOST}, evil.example`, host: undefined },
    { authority: `evil@${HOST}`, host: undefined },
  ])('HTTP/2 with :authority "$authority" and Host "$host"', async ({ authority, host }) => {
    const pseudo = [
      [':method', 'GET'],
      [':scheme', 'https'],
      [':path', '/x'],
      ...(authority ? [[':authority', authority] as const] : []),
      ...(host ? [['host', host] as const] : []),
    ] as const
    const { body } = await askRawHttp2(stack(), { pseudo })
    if (body.startsWith('{')) isOurs(body)
    if (authority === HOST && !host) expect(body).toMatch(/^{/)
    if (authority === OTHER && !host) expect(body).toContain('made for another host name')
  })
})
