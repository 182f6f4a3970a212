import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { type Agent, request as requestHttps } from 'node:https'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { inject } from 'vitest'
import type { Stack } from './stack.ts'

export const HOST = 'gatehouse.localhost'

/** What a client has to show: a certificate and its key, both PEM. */
export interface ClientKeys {
  readonly cert: string
  readonly key: string
}

export interface Ask {
  readonly method?: string
  readonly path?: string
  readonly as?: ClientKeys | undefined
  /** As they go over the wire, repeated ones too. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly body?: string
  readonly http?: 1 | 2
  /** Keeps connections; left out, the request has one of its own. HTTP/1.1 only. */
  readonly agent?: Agent | undefined
  readonly tls?: ConnectionOptions
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

/** One of the people of the key set: `grace`, `cecilia`, `admin`. */
export function person(name: string, keys: string = inject('keys')): ClientKeys {
  return {
    cert: readFileSync(`${keys}/${name}.crt`, 'utf8'),
    key: readFileSync(`${keys}/${name}.key`, 'utf8'),
  }
}

export function tlsOptions({ as, tls }: Ask, keys: string = inject('keys')): ConnectionOptions {
  return { ca: readFileSync(`${keys}/root.pem`), servername: HOST, ...as, ...tls }
}

/** One request. Rejects when the server ends the handshake or the connection. */
export async function ask(stack: Pick<Stack, 'port'>, options: Ask = {}): Promise<Answer> {
  return options.http === 2 ? await askHttp2(stack, options) : await askHttp1(stack, options)
}

function askHttp1({ port }: Pick<Stack, 'port'>, options: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = options.body === undefined ? [] : [['Content-Length', String(options.body.length)]]
    const headers = [['Host', `${HOST}:${port}`], ...length, ...(options.headers ?? [])].flat()
    const request = requestHttps({
      ...tlsOptions(options),
      host: '127.0.0.1',
      port,
      method: options.method ?? 'GET',
      path: options.path ?? '/',
      headers,
      setDefaultHeaders: false,
      agent: options.agent ?? false,
    })
    request.on('error', reject)
    request.on('response', async response => {
      const body = await response.setEncoding('utf8').toArray().catch(reject)
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: (body ?? []).join('') })
    })
    request.end(options.body, 'latin1')
  })
}

async function askHttp2({ port }: Pick<Stack, 'port'>, options: Ask): Promise<Answer> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, tlsOptions(options))
  try {
    return await new Promise((resolve, reject) => {
      session.on('error', reject)
      const fields: Record<string, string | string[]> = {
        ':method': options.method ?? 'GET',
        ':path': options.path ?? '/',
        ':authority': `${HOST}:${port}`,
      }
      for (const [name, value] of options.headers ?? []) {
        const lower = name.toLowerCase()
        fields[lower] = lower in fields ? [fields[lower] ?? '', value].flat() : value
      }
      const stream = session.request(fields)
      stream.on('error', reject)
      stream.on('response', async headers => {
        const body = await stream.setEncoding('utf8').toArray().catch(reject)
        resolve({ status: headers[':status'] ?? 0, headers, body: (body ?? []).join('') })
      })
      stream.end(options.body, 'latin1')
    })
  } finally {
    session.close()
  }
}

/** A TLS connection that speaks HTTP/1.1, for bytes that no client library would send. */
export async function openTls({ port }: Pick<Stack, 'port'>, options: Ask = {}): Promise<TLSSocket> {
  const socket = connectTls({
    ALPNProtocols: ['http/1.1'],
    ...tlsOptions(options),
    host: '127.0.0.1',
    port,
  })
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
  return socket
}

/** Sends exactly these bytes (latin1) and gives all that comes back until the server closes. */
export async function sendRaw(stack: Pick<Stack, 'port'>, bytes: string, options: Ask = {}): Promise<string> {
  const socket = await openTls(stack, options)
  socket.write(bytes, 'latin1')
  const chunks: Buffer[] = []
  return await new Promise((resolve, reject) => {
    socket.setTimeout(20_000, () => {
      reject(
        new Error(
          `The connection was still open after 20 s; it had said: ${Buffer.concat(chunks).toString('latin1')}`,
        ),
      )
      socket.destroy()
    })
    socket.on('data', chunk => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
  })
}

/** Sends exactly these bytes (latin1) and gives the first that come back, for a request that never ends. */
export async function sendUntilAnswered(stack: Pick<Stack, 'port'>, bytes: string): Promise<string> {
  const socket = await openTls(stack)
  try {
    socket.write(bytes, 'latin1')
    const [answer] = await once(socket, 'data', { signal: AbortSignal.timeout(20_000) })
    return String(answer)
  } finally {
    socket.destroy()
  }
}

/** What the echo back end says it received. */
export interface Echo {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly rawTrailers: readonly string[]
  readonly body: string
  readonly connection: string
}

/** The values of one header as the back end received them, whatever its case. */
export function received(echo: Echo, name: string): readonly string[] {
  return echo.rawHeaders.filter(
    (_, i) => i % 2 === 1 && echo.rawHeaders[i - 1]?.toLowerCase() === name.toLowerCase(),
  )
}
