// A paste of 50 MiB passes, octet by octet as it comes; what the application says to it comes back.
import { describe, expect, it } from 'vitest'
import { HOST, openTls, sendUntilAnswered } from '../support/ask.ts'
import { proxies } from '../support/fronts.ts'
import { useStack } from '../support/stack.ts'

const MIB = 1024 * 1024

function head(path: string, length: number | string): string {
  return `POST ${path} HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${length}\r\n\r\n`
}

describe.each(proxies)('$name', proxy => {
  const stack = useStack(proxy, { backend: 'echo' })

  it.each(['/pastes/early', '/app/pastes/early', '/pastes/a/early'])(
    'as much as 51 MiB may be announced at %s, where the application decides, and not an octet more',
    async path => {
      // Apache hands an answer on when the body has come.
      const body = proxy.name === 'apache' ? 'a'.repeat(51 * MIB) : ''
      expect(await sendUntilAnswered(stack(), head(path, 51 * MIB) + body)).toMatch(/^HTTP\/1\.1 403 /)
      expect(await sendUntilAnswered(stack(), head(path, 51 * MIB + 1))).toMatch(/^HTTP\/1\.1 413 /)
    },
  )

  it.each(['/pastes', '/app/pastes'])(
    'at %s the application hears of it before it has all come',
    async path => {
      const socket = await openTls(stack())
      socket.write(head(`${path}?whole`, 2 * MIB) + 'a'.repeat(1000))
      await stack().backendLog.line(line => line.includes('"url":"/pastes?whole"'))
      socket.destroy()
    },
  )

  it('a length that is no number any more is refused there too', async () => {
    const refused = await sendUntilAnswered(stack(), head('/pastes/early', '18446744073709551616'))
    expect(refused).toMatch(/^HTTP\/1\.1 4(00|13) /)
  })

  it.each(['/pastes2/early', '/a/pastes/early', '/app/app/pastes/early', '/Pastes/early'])(
    'at %s there are no pastes',
    async path => {
      expect(await sendUntilAnswered(stack(), head(path, MIB + 1))).toMatch(/^HTTP\/1\.1 413 /)
    },
  )
})
