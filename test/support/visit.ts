import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:tls'
import { expect, inject } from 'vitest'
import { type ClientKeys, HOST } from './ask.ts'
import type { Stack } from './stack.ts'

export const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const

export interface VisitOptions {
  readonly version: (typeof VERSIONS)[number]
  readonly as?: ClientKeys | undefined
  readonly path?: string
  /** Of an earlier visit, to go on with it: without a certificate being shown again. */
  readonly session?: Buffer
}

export interface Visit {
  readonly status: number
  readonly body: string
  readonly isResumed: boolean
  /** To come back with. */
  readonly session: Buffer
}

/** One request on a TLS connection of its own, and what it takes to resume that connection's session. */
export async function visit(
  stack: Pick<Stack, 'port'>,
  { version, as, path = '/whoami', session }: VisitOptions,
): Promise<Visit> {
  const socket = connect({
    ca: readFileSync(`${inject('keys')}/root.pem`),
    servername: HOST,
    host: '127.0.0.1',
    port: stack.port,
    minVersion: version,
    maxVersion: version,
    ...as,
    ...(session && { session }),
  })
  // Before the handshake: TLS 1.3 may send one with its end.
  const sessions: Buffer[] = []
  socket.on('session', later => sessions.push(later))
  await once(socket, 'secureConnect')
  const isResumed = socket.isSessionReused()
  if (version === 'TLSv1.2') sessions.push(socket.getSession() ?? expect.fail('no session'))
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${HOST}:${stack.port}\r\nConnection: close\r\n\r\n`)
  const answer = (await socket.setEncoding('utf8').toArray()).join('')
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  // A resumed connection may offer no other.
  const last = sessions.at(-1) ?? session ?? expect.fail('The server offered no session.')
  return { status: Number(head.split(' ')[1]), body, isResumed, session: last }
}
