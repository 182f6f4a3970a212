// Whoever is answered before his body has ended gets that answer, and what he never sends is not taken from somebody else.
import { connect as connectHttp2 } from 'node:http2'
import { describe, expect, it } from 'vitest'
import { ask, HOST, openTls } from '../support/ask.ts'
import { proxies } from '../support/fronts.ts'
import { type Stack, useStack } from '../support/stack.ts'

const MIB = 1024 * 1024

/** An HTTP/2 request that the application has answered, and that then ends before it has what it announced. */
async function endTooSoon(stack: Stack, path: string): Promise<void> {
  const socket = await openTls(stack, { tls: { ALPNProtocols: ['h2'] } })
  const session = connectHttp2(`https://${HOST}`, { createConnection: () => socket })
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-length': 100_000 })
  stream.on('error', () => undefined).resume()
  // More than Apache waits for before it asks anybody.
  stream.write('a'.repeat(50_000))
  await stack.backendLog.line(line => line.includes(path))
  // Its answer follows that of the other.
  await ask(stack)
  stream.end()
  // Answered when the end has been read.
  await new Promise(resolve => session.ping(resolve))
  session.destroy()
}

describe.each(proxies)('$name', proxy => {
  const stack = useStack(proxy, { backend: 'echo' })

  it.each([1, 2] as const)('an answer that comes early reaches who is still sending, HTTP/%i', async http => {
    for (let i = 0; i < 10; i++) {
      const answer = await ask(stack(), { method: 'POST', path: '/early', http, body: 'a'.repeat(MIB) })
      expect(answer).toMatchObject({ status: 403, body: 'early\n' })
    }
  })

  it('the next request is not the rest of one that ended too soon', async () => {
    for (let i = 0; i < 10; i++) {
      await endTooSoon(stack(), `/pastes/${i}/early`)
      expect((await ask(stack())).status).toBe(200)
    }
  })
})
