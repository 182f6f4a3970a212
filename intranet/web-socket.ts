import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

// RFC 6455: section 1.3, section 5.2, section 7.4.1.
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const OPCODE = { close: 0x8, ping: 0x9, pong: 0xa } as const
const PROTOCOL_ERROR = 1002
const TOO_BIG = 1009
// Our own choice: a frame is held whole.
const MOST_OF_A_FRAME = 16 * 1024 * 1024

interface Frame {
  /** The first octet, with FIN. */
  readonly head: number
  readonly opcode: number
  readonly payload: Buffer
  readonly length: number
}

/** Sends every frame back as it came, and answers pings and the end. */
export function echoWebSocket(request: IncomingMessage, socket: Duplex, first: Buffer): void {
  socket.on('error', () => socket.destroy())
  const key = request.headers['sec-websocket-key']
  const { pathname } = new URL(`http://intranet${request.url}`)
  if (pathname !== '/internal/socket' || !/websocket/i.test(request.headers.upgrade ?? '') || !key) {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    return
  }
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  let waiting = first
  const take = () => {
    for (let frame = readFrame(waiting); frame; frame = readFrame(waiting)) {
      if (typeof frame === 'number') return end(socket, frame)
      waiting = waiting.subarray(frame.length)
      reply(socket, frame)
      if (frame.opcode === OPCODE.close) return void socket.end()
    }
  }
  socket.on('data', piece => {
    waiting = Buffer.concat([waiting, piece])
    take()
  })
  take()
}

/** `undefined`: not all of it is there yet; a number: why the connection ends. */
function readFrame(octets: Buffer): Frame | number | undefined {
  if (octets.length < 2) return undefined
  const [head, second] = [octets.readUInt8(0), octets.readUInt8(1)]
  // What clients send is masked, and no extension was agreed on.
  if ((head & 0x70) !== 0 || (second & 0x80) === 0) return PROTOCOL_ERROR
  const short = second & 0x7f
  const start = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0)
  if (octets.length < start + 4) return undefined
  const size =
    short < 126 ? short : short === 126 ? octets.readUInt16BE(2) : Number(octets.readBigUInt64BE(2))
  if (size > MOST_OF_A_FRAME) return TOO_BIG
  const length = start + 4 + size
  if (octets.length < length) return undefined
  const mask = octets.subarray(start, start + 4)
  const payload = Buffer.from(octets.subarray(start + 4, length))
  for (let i = 0; i < size; i += 1) payload.writeUInt8(payload.readUInt8(i) ^ mask.readUInt8(i & 3), i)
  return { head, opcode: head & 0xf, payload, length }
}

function reply(socket: Duplex, { head, opcode, payload }: Frame): void {
  if (opcode === OPCODE.ping) socket.write(encodeFrame(0x80 | OPCODE.pong, payload))
  else if (opcode !== OPCODE.pong) socket.write(encodeFrame(head, payload))
}

function end(socket: Duplex, code: number): void {
  const payload = Buffer.alloc(2)
  payload.writeUInt16BE(code)
  socket.end(encodeFrame(0x80 | OPCODE.close, payload))
}

function encodeFrame(head: number, payload: Buffer): Buffer {
  const { length } = payload
  const size = length < 126 ? Buffer.alloc(2) : length < 0x10000 ? Buffer.alloc(4) : Buffer.alloc(10)
  size.writeUInt8(head, 0)
  size.writeUInt8(length < 126 ? length : length < 0x10000 ? 126 : 127, 1)
  if (size.length === 4) size.writeUInt16BE(length, 2)
  if (size.length === 10) size.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([size, payload])
}
