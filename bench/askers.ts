import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { Agent, request as requestHttps } from 'node:https'
import { type ConnectionOptions, connect, type SecureVersion } from 'node:tls'

export const HOST = 'gatehouse.localhost'

/** Who asks whom. */
export interface Target {
  readonly port: number
  /** The server's root, and the client's certificate with its key, in PEM. */
  readonly ca: string
  readonly cert?: string
  readonly key?: string
  /** What is asked for, if not the first page, and with which cookie. */
  readonly path?: string
  readonly cookie?: string
}

export interface Answer {
  readonly status: number
  readonly body: string
}

/** One client that asks again and again in the same way. */
export interface Asker extends Disposable {
  ask(): Promise<Answer>
}

export function tlsOf({ port, ca, cert, key }: Target): ConnectionOptions {
  return { host: '127.0.0.1', port, servername: HOST, ca, ...(cert && { cert }), ...(key && { key }) }
}

/** On a connection of its own, with the session of the one before if there is one. */
async function askOnce(target: Target, version?: SecureVersion, session?: Buffer) {
  const versions = version && { minVersion: version, maxVersion: version }
  const socket = connect({ ...tlsOf(target), ...versions, ...(session && { session }) })
  const sessions: Buffer[] = []
  socket.on('session', later => sessions.push(later))
  await once(socket, 'secureConnect')
  if (socket.isSessionReused() !== (session !== undefined)) throw new Error('A session was not resumed.')
  const last = version === 'TLSv1.2' ? socket.getSession() : undefined
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`)
  const answer = (await socket.setEncoding('utf8').toArray()).join('')
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), body, session: last ?? sessions.at(-1) }
}

export async function anew(target: Target): Promise<Asker> {
  return { ask: () => askOnce(target), [Symbol.dispose]: () => undefined }
}

function resuming(version: SecureVersion) {
  return async (target: Target): Promise<Asker> => {
    let { session } = await askOnce(target, version)
    return {
      async ask() {
        const answer = await askOnce(target, version, session)
        session = answer.session ?? session
        return answer
      },
      [Symbol.dispose]: () => undefined,
    }
  }
}

export async function keeping(target: Target): Promise<Asker> {
  const agent = new Agent({ ...tlsOf(target), keepAlive: true, maxSockets: 1 })
  const { path = '/', cookie } = target
  const headers = { Host: HOST, ...(cookie && { Cookie: cookie }) }
  let isOpen = false
  return {
    async ask() {
      const request = requestHttps({ agent, host: '127.0.0.1', port: target.port, path, headers }).end()
      const [response] = await once(request, 'response')
      const body = (await response.setEncoding('utf8').toArray()).join('')
      if (isOpen && !request.reusedSocket) throw new Error('A connection was not kept.')
      isOpen = true
      return { status: response.statusCode, body }
    },
    [Symbol.dispose]: () => agent.destroy(),
  }
}

async function keepingHttp2(target: Target): Promise<Asker> {
  const { host, ...tls } = tlsOf(target)
  const session = connectHttp2(`https://${host}:${target.port}`, tls)
  await once(session, 'connect')
  return {
    async ask() {
      const stream = session.request({ ':path': '/', ':authority': HOST })
      const [headers] = await once(stream, 'response')
      return { status: headers[':status'], body: (await stream.setEncoding('utf8').toArray()).join('') }
    },
    [Symbol.dispose]: () => session.destroy(),
  }
}

export const ASKERS: Readonly<Record<string, (target: Target) => Promise<Asker>>> = {
  'new connection': anew,
  'resumed TLS 1.2': resuming('TLSv1.2'),
  'resumed TLS 1.3': resuming('TLSv1.3'),
  'open HTTP/1.1': keeping,
  'open HTTP/2': keepingHttp2,
}
