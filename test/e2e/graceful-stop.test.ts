// Who is told to stop takes nobody new, finishes whom he serves, and is gone in seconds.
import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { quietly } from '../../scripts/quietly.ts'
import { HOST, openTls } from '../support/ask.ts'
import { fronts, proxies } from '../support/fronts.ts'
import { type Stack, startStack } from '../support/stack.ts'

// The servers give up on what is left after 8 s, and Docker would kill them after this many.
const DOCKER_PATIENCE_S = 20
// Whoever waits for his own limit is killed before.
const LESS_THAN_LIMITS_S = 7

function untilSaid(socket: TLSSocket, words: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    socket.on('data', chunk => {
      said += chunk
      if (words.test(said)) resolve(said)
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`The connection was closed after: ${said}`)))
  })
}

/** The sign that it has begun to stop. */
async function untilNobodyIsTaken(stack: Stack): Promise<void> {
  for (;;) {
    try {
      const socket = await openTls(stack)
      socket.destroy()
    } catch {
      return
    }
  }
}

/** 137 would mean that it had to be killed. */
async function exitCode({ container }: Stack): Promise<number> {
  const { stdout } = await quietly`docker inspect --format {{.State.ExitCode}} ${container}`
  return Number(stdout)
}

describe.each(proxies)('$name', proxy => {
  it('finishes a request that had begun', async () => {
    await using stack = await startStack(proxy, { backend: 'echo' })
    const socket = await openTls(stack)
    const invited = untilSaid(socket, /^HTTP\/1\.1 100 /)
    socket.write(
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`,
    )
    await invited
    const stopped = quietly`docker stop --time ${DOCKER_PATIENCE_S} ${stack.container}`
    await untilNobodyIsTaken(stack)
    const answered = untilSaid(socket, /HTTP\/1\.1 [2-5]\d\d .*"body":"word"/s)
    socket.write('word')
    expect(await answered).toMatch(/HTTP\/1\.1 200 /)
    await stopped
    expect(await exitCode(stack)).toBe(0)
  })
})

describe.each(fronts)('$name', front => {
  it('does not wait for connections on which nobody asks', async () => {
    await using stack = await startStack(front)
    const socket = await openTls(stack)
    const answered = untilSaid(socket, /Hello Unauthorized!/)
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`)
    await answered
    const ended = once(socket, 'close')
    await quietly`docker stop --time ${LESS_THAN_LIMITS_S} ${stack.container}`
    await ended
    expect(await exitCode(stack)).toBe(0)
  })
})
