import { once } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createServer } from '../../../../app/server.ts'
import { configOf } from '../../../support/app-lab.ts'
import { type ApiLab, CA, type Headers } from '../api-lab.ts'
import { SECRET } from '../lab.ts'

export interface Answer {
  readonly status: number
  readonly json: Readonly<Record<string, unknown>>
}

export interface Served extends AsyncDisposable {
  readonly port: number
  /** A request whose body is for the test to send. */
  open(headers: Headers, path?: string): ClientRequest
  /** A paste of so many octets, whose length is announced, or not; nothing but zeros. */
  send(octets: number, headers: Headers, isAnnounced: boolean): Promise<Answer>
}

/** The application of a lab behind its own HTTP server, as a proxy meets it. */
export async function serve(lab: ApiLab): Promise<Served> {
  const server = createServer({ ...configOf(CA), front: 'proxy', proxySecrets: [SECRET] }, lab.app)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true })
  const open = (headers: Headers, path = '/pastes') =>
    request({ port, host: '127.0.0.1', method: 'POST', path, headers, agent })
  return {
    port,
    open,
    async send(octets, headers, isAnnounced) {
      const sending = open({ ...headers, ...(isAnnounced && { 'Content-Length': String(octets) }) })
      Readable.from(zeros(octets)).pipe(sending)
      return await answerTo(sending)
    },
    async [Symbol.asyncDispose]() {
      agent.destroy()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function* zeros(octets: number): Generator<Buffer> {
  const piece = Buffer.alloc(1024 * 1024)
  for (let left = octets; left > 0; left -= piece.length) yield piece.subarray(0, left)
}

export async function answerTo(sending: ClientRequest): Promise<Answer> {
  const [response] = (await once(sending, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, json: JSON.parse(await text(response)) }
}
