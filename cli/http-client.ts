import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, request as requestHttps } from 'node:https'
import type { z } from 'zod'
import { CliError, ServerError, unexpectedAnswer } from './errors.ts'
import { explainTransport } from './explain-transport.ts'
import type { Credentials } from './identity-files.ts'
import { resolveHost } from './resolve-host.ts'
import { sendUpload, type Upload, uploadHeaders } from './upload.ts'

export interface Connection {
  /** https, perhaps with a path that everything is below. */
  readonly server: URL
  /** Roots in PEM that the server's certificate may come from. */
  readonly ca: readonly string[]
  readonly credentials?: Credentials | undefined
  readonly timeoutMs?: number
}

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  /** Below the server's own path, such as `pki/certs`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly body?: unknown
  /** Instead of `body`. */
  readonly upload?: Upload
  readonly accept?: string
}

export interface Download {
  /** Octets. */
  readonly length: number | undefined
  readonly content: AsyncIterable<Buffer>
}

export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: Buffer
}

export interface Client extends Disposable {
  /** Its address, as it was given. */
  readonly server: string
  /** @throws CliError SERVER_AWAY, SERVER_UNTRUSTED, CERT_…, REDIRECTED, ANSWER_UNEXPECTED; ServerError */
  ask(ask: Ask): Promise<Answer>
  /** The JSON of an answer, of the form of `schema`. */
  parse<Schema extends z.ZodType>(schema: Schema, answer: Answer): z.infer<Schema>
  /** An answer of any length, as it comes. Throws as `ask` does, also while it is read. */
  download(ask: Ask): Promise<Download>
  /** Asks and parses. */
  read<Schema extends z.ZodType>(schema: Schema, ask: Ask): Promise<z.infer<Schema>>
}

// Our own choice: a thousand certificates take half a megabyte; what is larger is not an answer.
const MAX_OCTETS = 8 * 1024 * 1024
// Our own choice: signing takes milliseconds, and a server under attack may let one wait a little.
const TIMEOUT_MS = 30_000

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let octets = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    octets += chunk.length
    if (octets > MAX_OCTETS) throw unexpectedAnswer(`it is longer than ${MAX_OCTETS} octets`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw unexpectedAnswer('it is not JSON', cause)
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, { body }: Answer): z.infer<Schema> {
  const result = schema.safeParse(parseJson(body))
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw unexpectedAnswer(`it is of another form (${issue?.path.join('.')}: ${issue?.message})`, result.error)
}

/** RFC 9457 problem details, or what can be said of an answer without: a proxy's own page. */
function problemOf({ status, contentType, body }: Answer): ServerError {
  if (/^application\/(problem\+)?json\b/.test(contentType)) {
    const { code, detail, title } = Object(parseJson(body)) as Record<string, unknown>
    return new ServerError(
      status,
      String(code ?? `HTTP_${status}`),
      String(detail ?? title ?? `Status ${status}.`),
    )
  }
  return new ServerError(
    status,
    `HTTP_${status}`,
    plainReason(contentType, body) ?? `The server answered with status ${status}, and without a reason.`,
  )
}

// Our own choice: a sentence or two.
const MOST_OF_A_REASON = 300

/** What our proxies write themselves, where a certificate is required. */
function plainReason(contentType: string, body: Buffer): string | undefined {
  if (!/^text\/plain\b/.test(contentType)) return undefined
  return body.toString('utf8').trim().slice(0, MOST_OF_A_REASON) || undefined
}

/** Redirects are not followed: a certificate is for the server that somebody named. */
function judge(response: IncomingMessage, answer: Answer): Answer {
  if (answer.status < 300) return answer
  if (answer.status < 400) {
    const to = String(response.headers.location ?? 'another address')
    throw new CliError(
      'REDIRECTED',
      `The server says to ask ${to} instead, which is not done. If that is right: gatehouse config server URL.`,
    )
  }
  throw problemOf(answer)
}

function urlOf(server: URL, { path, query = {} }: Ask): URL {
  const url = new URL(path, server.href.endsWith('/') ? server : `${server.href}/`)
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, value)
  }
  return url
}

/** Connections are kept for the next question; `rejectUnauthorized` is said, because a variable could switch it off. */
function agentFor({ ca, credentials }: Connection): Agent {
  return new Agent({
    ...credentials,
    ca: [...ca],
    keepAlive: true,
    maxSockets: 4,
    lookup: resolveHost,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
  })
}

const JSON_TYPE = { 'content-type': 'application/json' }

async function answerOf(response: IncomingMessage): Promise<Answer> {
  const { statusCode = 0, headers } = response
  const contentType = headers['content-type'] ?? ''
  return judge(response, { status: statusCode, contentType, body: await readBody(response) })
}

function timeOver(): Error {
  return Object.assign(new Error('time is over'), { code: 'ETIMEDOUT' })
}

/** What is long may take its time, as long as something comes or goes. */
function limitPauses(request: ClientRequest, ms: number): void {
  request.setTimeout(ms, () => request.destroy(timeOver()))
}

async function* explained(response: IncomingMessage, host: string): AsyncGenerator<Buffer> {
  try {
    yield* response as AsyncIterable<Buffer>
  } catch (error) {
    throw explainTransport(error, host)
  }
}

export function createClient(connection: Connection): Client {
  const { server, timeoutMs = TIMEOUT_MS } = connection
  const agent = agentFor(connection)

  function open(ask: Ask, headers: object): ClientRequest {
    const request = requestHttps(urlOf(server, ask), {
      agent,
      method: ask.method ?? 'GET',
      headers: { accept: ask.accept ?? 'application/json', ...headers },
    })
    // A connection that breaks after the answer began is reported by the answer; unheard, it would end the process.
    request.on('error', () => {})
    return request
  }

  async function exchange(ask: Ask): Promise<Answer> {
    if (ask.upload) {
      const request = open(ask, uploadHeaders(ask.upload))
      limitPauses(request, timeoutMs)
      try {
        return await answerOf(await sendUpload(request, ask.upload))
      } finally {
        // It may not have been sent to its end.
        request.destroy()
      }
    }
    const body = ask.body === undefined ? undefined : JSON.stringify(ask.body)
    const request = open(ask, body === undefined ? {} : JSON_TYPE)
    const timer = setTimeout(() => request.destroy(timeOver()), timeoutMs)
    try {
      request.end(body)
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      return await answerOf(response)
    } finally {
      clearTimeout(timer)
    }
  }

  async function download(ask: Ask): Promise<Download> {
    const request = open(ask, {})
    limitPauses(request, timeoutMs)
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    if (response.statusCode !== 200) await answerOf(response)
    const length = response.headers['content-length']
    const content = explained(response, server.host)
    return { length: length === undefined ? undefined : Number(length), content }
  }

  async function explaining<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work
    } catch (error) {
      throw explainTransport(error, server.host)
    }
  }

  const ask = (question: Ask) => explaining(exchange(question))

  return {
    server: server.href,
    ask,
    download: question => explaining(download(question)),
    parse,
    read: async (schema, question) => parse(schema, await ask(question)),
    [Symbol.dispose]: () => agent.destroy(),
  }
}
