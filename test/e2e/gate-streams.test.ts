// What is large or never ends passes the gate as it comes: uploads, downloads, WebSockets.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request as requestHttps } from 'node:https'
import { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { TLSSocket } from 'node:tls'
import { beforeAll, describe, expect, it } from 'vitest'
import { GATE } from '../../proxy-configs/gate-contract.ts'
import { HOST, openTls, sendRaw, tlsOptions } from '../support/ask.ts'
import { proxies } from '../support/fronts.ts'
import { invited, type Visitor } from '../support/gate-visitor.ts'
import { useStack } from '../support/stack.ts'

const MEBIBYTE = Buffer.alloc(1024 * 1024, 'x')
const MEBIBYTES = 300

describe.each(proxies)('$name', proxy => {
  const stack = useStack(proxy, { intranet: true })
  let ada: Visitor
  beforeAll(async () => {
    ada = await invited(stack(), 'Ada Lovelace')
  })

  function open(method: string, path: string, headers: Readonly<Record<string, string | number>> = {}) {
    return requestHttps({
      ...tlsOptions({}),
      host: '127.0.0.1',
      port: stack().port,
      method,
      path,
      headers: { Host: HOST, Cookie: ada.cookie[1], ...headers },
      agent: false,
    })
  }

  it.each([
    ['a length', { 'Content-Length': MEBIBYTES * MEBIBYTE.length }],
    ['chunks', {}],
  ])('an upload of 300 MiB, with %s', async (_, headers) => {
    const sha256 = createHash('sha256')
    function* pieces() {
      for (let i = 0; i < MEBIBYTES; i++) {
        sha256.update(MEBIBYTE)
        yield MEBIBYTE
      }
    }
    const sending = open('POST', `${GATE.path}upload`, headers)
    const answered = once(sending, 'response')
    await pipeline(Readable.from(pieces()), sending)
    const [response] = await answered
    expect(await json(response)).toEqual({
      octets: MEBIBYTES * MEBIBYTE.length,
      sha256: sha256.digest('hex'),
    })
  })

  it('a download of 300 MiB', async () => {
    const asking = open('GET', `${GATE.path}download?octets=${MEBIBYTES * MEBIBYTE.length}`).end()
    const [response] = await once(asking, 'response')
    let octets = 0
    for await (const piece of response) octets += piece.length
    expect(octets).toBe(MEBIBYTES * MEBIBYTE.length)
  })

  const handshake = (path: string, cookie: string) =>
    [
      `GET ${path} HTTP/1.1`,
      `Host: ${HOST}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ...(cookie ? [`Cookie: ${cookie}`] : []),
      '\r\n',
    ].join('\r\n')

  /** All that comes until it is enough. */
  async function read(socket: TLSSocket, isEnough: (text: string) => boolean): Promise<string> {
    let text = ''
    for await (const [piece] of on(socket)) {
      text += piece.toString('latin1')
      if (isEnough(text)) return text
    }
    return text
  }
  async function* on(socket: TLSSocket) {
    for (;;) yield await once(socket, 'data', { signal: AbortSignal.timeout(20_000) })
  }

  it('a WebSocket, both ways', async () => {
    const socket = await openTls(stack())
    try {
      socket.write(handshake(`${GATE.path}socket`, ada.cookie[1]))
      const head = await read(socket, text => text.endsWith('\r\n\r\n'))
      expect(head).toMatch(/^HTTP\/1\.1 101 /)
      expect(head).toMatch(/\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i)
      for (const word of ['one', 'two']) {
        // RFC 6455 section 5.2: final, text, masked with zeros.
        socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | word.length, 0, 0, 0, 0]), Buffer.from(word)]))
        expect(await read(socket, text => text.includes(word))).toBe(`\x81\x03${word}`)
      }
    } finally {
      socket.destroy()
    }
  })

  it('no WebSocket without a cookie, and none to the application', async () => {
    const end = 'GET / HTTP/1.1\r\nHost: gatehouse.localhost\r\nConnection: close\r\n\r\n'
    expect(await sendRaw(stack(), handshake(`${GATE.path}socket`, '') + end)).toMatch(/^HTTP\/1\.1 401 /)
    for (const path of ['/socket', '/app/socket', '/app/internal/socket'])
      expect(await sendRaw(stack(), handshake(path, ada.cookie[1]) + end)).toMatch(/^HTTP\/1\.1 404 /)
  })
})
