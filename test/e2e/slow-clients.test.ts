// Whoever takes too long to ask loses the connection, and with it the place that others wait for.
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { HOST, openTls } from '../support/ask.ts'
import { proxies } from '../support/fronts.ts'
import { useStack } from '../support/stack.ts'

// The limit is 10 s everywhere; the servers' own defaults are 20 s and more.
const PATIENCE_MS = 17_000
const HANDSHAKE_RECORD = 22

describe.each(proxies)('$name', proxy => {
  const stack = useStack(proxy)

  it('waits for no handshake and no request that does not come', async () => {
    const greeting = connect(stack().port, '127.0.0.1')
    // With a first byte, because Linux itself keeps a silent connection from Apache for half a minute (accept filter).
    greeting.write(Buffer.of(HANDSHAKE_RECORD))
    const halfway = await openTls(stack())
    halfway.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n`)
    const begin = performance.now()
    const ends = [greeting, halfway].map(async socket => {
      socket.resume().on('error', () => {})
      await once(socket, 'close')
      return performance.now() - begin
    })
    for (const milliseconds of await Promise.all(ends)) expect(milliseconds).toBeLessThan(PATIENCE_MS)
  })
})
