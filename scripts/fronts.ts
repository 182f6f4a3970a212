import { once } from 'node:events'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { ScriptError } from './script-error.ts'

/** Where the application is offered. */
export interface Front {
  readonly name: string
  readonly port: number
  readonly url: URL
}

/** Of `make start` and `make up`. */
const FRONTS = { direct: 8440, apache: 8441, nginx: 8442, haproxy: 8443 } as const

/** @param urls of other ones, with blanks between; left out, those of this machine */
export function frontsOf(urls: string | undefined): readonly Front[] {
  const given = urls?.split(/\s+/).filter(url => url !== '') ?? []
  if (given.length > 0) return given.map(otherFront)
  return Object.entries(FRONTS).map(([name, port]) => ({
    name,
    port,
    url: new URL(`https://gatehouse.localhost:${port}/`),
  }))
}

function otherFront(text: string): Front {
  const url = URL.parse(text)
  if (url?.protocol === 'https:')
    return { name: url.hostname, port: Number(url.port === '' ? 443 : url.port), url }
  throw new ScriptError(
    'OPTION_INVALID',
    `GATEHOUSE_URL must not be ${JSON.stringify(text)}. It must be https://HOST/ or several of these with blanks between; left out, it is what make start and make up listen on.`,
    { exitCode: 2 },
  )
}

/** PEM. */
export interface Credentials {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface Question {
  readonly method?: 'GET' | 'POST'
  /** Below the address of the front. */
  readonly path: string
  readonly body?: unknown
}

export interface FrontAnswer {
  readonly status: number
  /** `{}` when it is not JSON. */
  readonly json: Readonly<Record<string, unknown>>
}

// Our own choice: longer than a revocation waits for the proxies.
const TIMEOUT_MS = 10_000

/** One question on a connection of its own. */
export async function askFront(
  { url }: Front,
  credentials: Credentials,
  { method = 'GET', path, body }: Question,
): Promise<FrontAnswer> {
  const { hostname } = url
  const asking = request(new URL(path, url), {
    ...credentials,
    method,
    // Whether such names are known depends on the machine, although RFC 6761 says where they lead.
    hostname: /(^|\.)localhost$/.test(hostname) ? '127.0.0.1' : hostname,
    servername: hostname,
    agent: false,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: { Host: url.host, Accept: 'application/json', 'Content-Type': 'application/json' },
  })
  asking.end(body === undefined ? undefined : JSON.stringify(body))
  const [response] = await once(asking, 'response')
  return { status: response.statusCode, json: parseJson(await text(response)) }
}

function parseJson(body: string): FrontAnswer['json'] {
  try {
    return Object(JSON.parse(body))
  } catch {
    return {}
  }
}
