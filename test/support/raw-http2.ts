import type { TLSSocket } from 'node:tls'
import { type Ask, HOST, openTls } from './ask.ts'
import type { Stack } from './stack.ts'

type Fields = readonly (readonly [name: string, value: string])[]

export interface RawHttp2 extends Ask {
  /** Instead of the usual pseudo-headers; whatever they hold goes over the wire as it is. */
  readonly pseudo?: Fields
  readonly trailers?: Fields
}

export interface RawAnswer {
  readonly end: 'answered' | 'refused'
  readonly body: string
}

// RFC 9113 section 6
const DATA = 0x0
const HEADERS = 0x1
const RST_STREAM = 0x3
const SETTINGS = 0x4
const GOAWAY = 0x7
const ACK = 0x1
const END_STREAM = 0x1
const END_HEADERS = 0x4
const STREAM = 1

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** RFC 7541 section 5.1 with a prefix of 7 bits; no Huffman code, so that every octet can be written. */
function text(value: string): Buffer {
  const octets = Buffer.from(value, 'latin1')
  if (octets.length < 127) return Buffer.concat([Buffer.of(octets.length), octets])
  const rest = octets.length - 127
  return Buffer.concat([Buffer.of(127, 0x80 | (rest & 0x7f), rest >> 7), octets])
}

/** RFC 7541 section 6.2.2: literals without indexing, with new names. */
function fieldBlock(fields: Fields): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]))
}

function request(port: number, options: RawHttp2): Buffer {
  const pseudo = options.pseudo ?? [
    [':method', options.method ?? 'GET'],
    [':scheme', 'https'],
    [':authority', `${HOST}:${port}`],
    [':path', options.path ?? '/'],
  ]
  const head = fieldBlock([...pseudo, ...(options.headers ?? [])])
  const parts = [frame(HEADERS, END_HEADERS, STREAM, head)]
  if (options.body !== undefined) parts.push(frame(DATA, 0, STREAM, Buffer.from(options.body, 'latin1')))
  if (options.trailers) parts.push(frame(HEADERS, END_HEADERS, STREAM, fieldBlock(options.trailers)))
  const last = parts.at(-1)
  if (last) last[4] = (last[4] ?? 0) | END_STREAM
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frame(SETTINGS, 0, 0, Buffer.alloc(0)),
    ...parts,
  ])
}

/** One HTTP/2 request on a connection of its own, in octets that no client library would send. */
export async function askRawHttp2(stack: Pick<Stack, 'port'>, options: RawHttp2 = {}): Promise<RawAnswer> {
  const socket = await openTls(stack, { ...options, tls: { ...options.tls, ALPNProtocols: ['h2'] } })
  socket.write(request(stack.port, options))
  try {
    return await readAnswer(socket)
  } finally {
    socket.destroy()
  }
}

interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

/** The whole frames at the beginning of `bytes`, and what is left over. */
function split(bytes: Buffer): { frames: Frame[]; rest: Buffer } {
  const frames: Frame[] = []
  let rest = bytes
  while (rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
    const end = 9 + rest.readUIntBE(0, 3)
    const [type = 0, flags = 0] = rest.subarray(3, 5)
    frames.push({ type, flags, stream: rest.readUInt32BE(5), payload: rest.subarray(9, end) })
    rest = rest.subarray(end)
  }
  return { frames, rest }
}

function readAnswer(socket: TLSSocket): Promise<RawAnswer> {
  const body: Buffer[] = []
  let unread = Buffer.alloc(0)
  return new Promise((resolve, reject) => {
    const end = (how: RawAnswer['end']) => resolve({ end: how, body: Buffer.concat(body).toString('latin1') })
    const take = ({ type, flags, stream, payload }: Frame) => {
      if (type === SETTINGS && !(flags & ACK)) socket.write(frame(SETTINGS, ACK, 0, Buffer.alloc(0)))
      if (type === GOAWAY) end('refused')
      if (stream !== STREAM) return
      if (type === DATA) body.push(payload)
      if (type === RST_STREAM) end('refused')
      if ((type === DATA || type === HEADERS) && flags & END_STREAM) end('answered')
    }
    socket.setTimeout(20_000, () => reject(new Error('Neither an answer nor a refusal within 20 s.')))
    socket.on('error', () => end('refused')).on('close', () => end('refused'))
    socket.on('data', chunk => {
      const { frames, rest } = split(Buffer.concat([unread, chunk]))
      unread = Buffer.from(rest)
      for (const each of frames) take(each)
    })
  })
}
