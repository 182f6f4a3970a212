import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { Agent, request as requestHttps } from 'node:https'
import { expect } from 'vitest'
import { type Answer, ask, type ClientKeys, HOST, tlsOptions } from './ask.ts'
import type { Front } from './fronts.ts'
import type { Stack } from './stack.ts'
import { VERSIONS, visit } from './visit.ts'

type Door = Pick<Stack, 'port'>
type Response = Pick<Answer, 'status' | 'body'>

/** Somebody who has been there once, and can ask again in the same way. */
export interface Coming extends Disposable {
  ask(): Promise<readonly Response[]>
}

export type Kind = (stack: Door, as: ClientKeys) => Promise<Coming>

const nothing = (): void => undefined

function fresh(http: 1 | 2): Kind {
  return async (stack, as) => ({
    ask: async () => [await ask(stack, { as, http })],
    [Symbol.dispose]: nothing,
  })
}

/** @throws when the server does not go on with the session */
function resumed(version: (typeof VERSIONS)[number]): Kind {
  return async (stack, as) => {
    let { session } = await visit(stack, { version, as })
    return {
      async ask() {
        const again = await visit(stack, { version, as, session })
        expect(again.isResumed).toBe(true)
        session = again.session
        return [again]
      },
      [Symbol.dispose]: nothing,
    }
  }
}

/** @throws when the server has closed the connection meanwhile */
async function kept(stack: Door, as: ClientKeys): Promise<Coming> {
  const agent = new Agent({ ...tlsOptions({ as }), keepAlive: true, maxSockets: 1 })
  let count = 0
  const askOnce = async (): Promise<readonly Response[]> => {
    const headers = { Host: `${HOST}:${stack.port}` }
    const request = requestHttps({ agent, host: '127.0.0.1', port: stack.port, headers }).end()
    const [response] = await once(request, 'response')
    const body = (await response.setEncoding('utf8').toArray()).join('')
    expect(request.reusedSocket).toBe(count++ > 0)
    return [{ status: response.statusCode, body }]
  }
  await askOnce()
  return { ask: askOnce, [Symbol.dispose]: () => agent.destroy() }
}

// Our own choice: more than one, on which a proxy might look only once.
const STREAMS = 5

/** Several streams at once. @throws when the server has closed the connection meanwhile */
async function keptHttp2(stack: Door, as: ClientKeys): Promise<Coming> {
  const session = connectHttp2(`https://127.0.0.1:${stack.port}`, tlsOptions({ as }))
  const failed = new Promise<never>((_, reject) => session.once('error', reject))
  failed.catch(nothing)
  const askOnce = async (): Promise<Response> => {
    const stream = session.request({ ':path': '/', ':authority': `${HOST}:${stack.port}` })
    const [headers] = await Promise.race([once(stream, 'response'), failed])
    return { status: headers[':status'], body: (await stream.setEncoding('utf8').toArray()).join('') }
  }
  const askAll = () => Promise.all(Array.from({ length: STREAMS }, askOnce))
  await askAll()
  return { ask: askAll, [Symbol.dispose]: () => session.destroy() }
}

/** All the ways in which a certificate comes back: shown again, remembered in a session, or known to a connection. */
const COMINGS: Readonly<Record<string, Kind>> = {
  'on new connections': fresh(1),
  ...Object.fromEntries(VERSIONS.map(version => [`with a resumed session of ${version}`, resumed(version)])),
  'on an open connection': kept,
}
const HTTP2_COMINGS: Readonly<Record<string, Kind>> = {
  'on new HTTP/2 connections': fresh(2),
  'on an open HTTP/2 connection': keptHttp2,
}

/** Those that a front knows: the application itself speaks HTTP/1.1 only. */
export function comingsTo({ name }: Front): readonly (readonly [kind: string, come: Kind])[] {
  return Object.entries({ ...COMINGS, ...(name !== 'direct' && HTTP2_COMINGS) })
}
