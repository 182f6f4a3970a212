// Promise: the service behind the gate shows what it received, counts what is large, and echoes WebSocket messages.
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const MAIN = join(import.meta.dirname, '../../../intranet/main.ts')
const MIB = 1024 * 1024

let child: ChildProcess
let port: number
beforeAll(async () => {
  child = spawn(process.execPath, [MAIN], { env: { INTRANET_PORT: '0' }, stdio: ['ignore', 'pipe', 'pipe'] })
  const [line] = await once(createInterface({ input: child.stdout as never }), 'line')
  ;({ port } = JSON.parse(line))
})
afterAll(async () => {
  child.kill('SIGTERM')
  const [exitCode] = await once(child, 'close')
  expect(exitCode).toBe(0)
})

const url = (path: string) => `http://127.0.0.1:${port}${path}`

describe('what it received', () => {
  it('as JSON, in the order and spelling in which it came', async () => {
    const user = Buffer.from('Élodie').toString('latin1')
    const answer = await fetch(url('/internal/a?b=c'), { headers: { 'Remote-User': user, 'X-A': '1' } })
    const { headers, ...rest } = (await answer.json()) as { headers: string[][] }
    expect(rest).toEqual({ method: 'GET', path: '/internal/a?b=c', user: 'Élodie' })
    expect(headers).toContainEqual(['X-A', '1'])
  })

  it('as a page, in which nothing of it is more than text', async () => {
    const headers = { Accept: 'text/html', 'Remote-User': '<script>', 'X-A': '"><b>' }
    const text = await (await fetch(url('/internal/'), { headers })).text()
    expect(text).toContain('Hello &#60;script&#62;!')
    expect(text).not.toMatch(/<script>|<b>/)
  })

  it('and says that nobody is named, and what is not there', async () => {
    expect(await (await fetch(url('/internal/'))).json()).toMatchObject({ user: null })
    expect((await fetch(url('/other'))).status).toBe(404)
    expect(await (await fetch(url('/healthz'))).text()).toBe('ok\n')
  })
})

describe('large bodies', () => {
  it('are counted as they arrive', async () => {
    const piece = Buffer.alloc(MIB, 7)
    async function* pieces() {
      for (let left = 20; left > 0; left -= 1) yield piece
    }
    const answer = await fetch(url('/internal/upload'), {
      method: 'POST',
      body: pieces(),
      duplex: 'half',
    } as never)
    const sha256 = createHash('sha256')
      .update(Buffer.alloc(20 * MIB, 7))
      .digest('hex')
    expect(await answer.json()).toEqual({ octets: 20 * MIB, sha256 })
  })

  it('are sent at any length', async () => {
    for (const octets of [0, 1, 64 * 1024, 20 * MIB + 3]) {
      const answer = await fetch(url(`/internal/download?octets=${octets}`))
      expect((await answer.arrayBuffer()).byteLength).toBe(octets)
    }
  })
})

describe('WebSocket', () => {
  async function open(): Promise<WebSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/internal/socket`)
    socket.binaryType = 'arraybuffer'
    await once(socket, 'open')
    return socket
  }

  it('sends back texts and octets of every length form', async () => {
    const socket = await open()
    for (const message of ['', 'é☃', 'a'.repeat(125), 'a'.repeat(126), 'a'.repeat(65_536), 'a'.repeat(MIB)]) {
      socket.send(message)
      const [event] = await once(socket, 'message')
      expect(event.data).toBe(message)
    }
    socket.send(Uint8Array.of(0, 255, 7))
    const [event] = await once(socket, 'message')
    expect(new Uint8Array(event.data)).toEqual(Uint8Array.of(0, 255, 7))
    socket.close(4000, 'enough')
    const [closed] = await once(socket, 'close')
    expect([closed.code, closed.reason, closed.wasClean]).toEqual([4000, 'enough', true])
  })

  it('takes frames in pieces, and many in one', async () => {
    const socket = connect(port, '127.0.0.1')
    const handshake = `GET /internal/socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`
    const frame = (text: string, head = 0x81) =>
      Buffer.concat([Buffer.from([head, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)])
    socket.write(Buffer.concat([Buffer.from(handshake), frame('a'), frame('b')]))
    for (const octet of frame('c')) socket.write(Buffer.of(octet))
    socket.write(frame('p', 0x89))
    // An unmasked frame is against the rules, and the last one.
    socket.write(Buffer.from([0x81, 1, 0x61, 0, 0, 0]))
    const said = Buffer.concat(await socket.toArray())
    expect(said.toString('latin1')).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
    const frames = said.subarray(said.indexOf('\r\n\r\n') + 4)
    expect(frames.toString('latin1')).toBe('\x81\x01a\x81\x01b\x81\x01c\x8a\x01p\x88\x02\x03\xea')
  })

  it('is at one address, and nothing but WebSocket', async () => {
    for (const [path, upgrade] of [
      ['/internal/other', 'websocket'],
      ['/internal/socket', 'h2c'],
    ]) {
      const socket = connect(port, '127.0.0.1')
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\nSec-WebSocket-Key: x\r\n\r\n`,
      )
      expect(Buffer.concat(await socket.toArray()).toString()).toMatch(/^HTTP\/1\.1 400 /)
    }
  })
})

it.each(['x', '-1', '65536', ''])('INTRANET_PORT=%s is refused in one sentence', async INTRANET_PORT => {
  const failing = spawn(process.execPath, [MAIN], {
    env: { INTRANET_PORT },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [said, [exitCode]] = await Promise.all([failing.stderr.toArray(), once(failing, 'close')])
  expect(Buffer.concat(said).toString()).toMatch(/^INTRANET_PORT must not be .*left out, it is 8080\.\n$/)
  expect(exitCode).toBe(2)
})
