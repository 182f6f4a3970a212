import { readFileSync } from 'node:fs'
import { type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2'
import { Agent, request as requestHttps } from 'node:https'
import { Readable, type Writable } from 'node:stream'
import { inject } from 'vitest'
import { type Ask, HOST } from './ask.ts'
import type { ApiAnswer } from './enrol.ts'
import type { Stack } from './stack.ts'

export interface PasteWish extends Pick<Ask, 'as' | 'http'> {
  readonly octets: number
  /** Whether its length is said before it comes. */
  readonly isAnnounced: boolean
  /** Of the path. */
  readonly prefix?: string
}

/** A paste of so many zeros, as a client sends it that does not look for an answer before it has sent all. */
export async function sendPaste({ port }: Pick<Stack, 'port'>, wish: PasteWish): Promise<ApiAnswer> {
  const { as, http = 1, octets, isAnnounced, prefix = '' } = wish
  const tls = { ca: readFileSync(`${inject('keys')}/root.pem`), servername: HOST, ...as }
  const headers = {
    accept: 'application/json',
    'content-type': 'application/octet-stream',
    ...(isAnnounced && { 'content-length': String(octets) }),
  }
  const place = { path: `${prefix}/pastes`, port }
  return http === 2
    ? await overHttp2(tls, { ...place, headers, octets })
    : await overHttp1(tls, { ...place, headers, octets })
}

interface Sending {
  readonly path: string
  readonly port: number
  readonly headers: Readonly<Record<string, string>>
  readonly octets: number
}

async function overHttp1(tls: object, { path, port, headers, octets }: Sending): Promise<ApiAnswer> {
  const agent = new Agent({ keepAlive: true })
  try {
    return await new Promise((resolve, reject) => {
      const request = requestHttps({
        ...tls,
        agent,
        host: '127.0.0.1',
        port,
        path,
        method: 'POST',
        headers: { ...headers, host: `${HOST}:${port}` },
      })
      request.on('error', reject)
      request.on('response', response => collect(response, response.statusCode ?? 0).then(resolve, reject))
      pipeZeros(octets, request)
    })
  } finally {
    agent.destroy()
  }
}

async function overHttp2(tls: object, { path, port, headers, octets }: Sending): Promise<ApiAnswer> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, tls)
  try {
    return await new Promise((resolve, reject) => {
      session.on('error', reject)
      const pseudo = { ':method': 'POST', ':path': path, ':authority': `${HOST}:${port}` }
      const stream: ClientHttp2Stream = session.request({ ...pseudo, ...headers })
      stream.on('error', reject)
      stream.on('response', answer => collect(stream, answer[':status'] ?? 0).then(resolve, reject))
      pipeZeros(octets, stream)
    })
  } finally {
    session.destroy()
  }
}

async function collect(answer: Readable, status: number): Promise<ApiAnswer> {
  const body = (await answer.setEncoding('utf8').toArray()).join('')
  // What a proxy says itself need not be JSON.
  return { status, json: body.startsWith('{') ? JSON.parse(body) : { text: body } }
}

function pipeZeros(octets: number, into: Writable): void {
  Readable.from(zeros(octets)).pipe(into)
}

export function* zeros(octets: number): Generator<Buffer> {
  const piece = Buffer.alloc(256 * 1024)
  for (let left = octets; left > 0; left -= piece.length) yield piece.subarray(0, left)
}
