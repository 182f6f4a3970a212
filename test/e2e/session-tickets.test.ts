// A session stays with the server: what a client keeps of it is an identifier, and opens nothing once the server forgets.
import { describe, expect, it } from 'vitest'
import { HOST } from '../support/ask.ts'
import { proxies } from '../support/fronts.ts'
import { run } from '../support/lab.ts'
import { type Stack, useStack } from '../support/stack.ts'

// RFC 5246 section 7.4.1.3: a session identifier has at most 32 octets; a ticket that holds a session has hundreds.
const IDENTIFIER_OCTETS = 32

/** The longest that OpenSSL is given, as it shows them: lines of `0010 - 1f 8a …-… 00   text`. */
function ticketOctets({ port }: Pick<Stack, 'port'>, version: string): number {
  const client = `printf 'GET / HTTP/1.1\\r\\nHost: ${HOST}\\r\\nConnection: close\\r\\n\\r\\n' |
    openssl s_client -connect 127.0.0.1:${port} -servername ${HOST} ${version} -ign_eof 2>&1`
  const said = run('sh', '-c', client)
  expect(said).toContain('HTTP/1.1 200 OK')
  const tickets = [...said.matchAll(/TLS session ticket:\n((?: +[0-9a-f]{4} - .*\n)+)/g)]
  return Math.max(0, ...tickets.map(([, lines = '']) => lines.match(/[ -][0-9a-f]{2}(?=[ -])/g)?.length ?? 0))
}

describe.each(proxies)('$name', proxy => {
  const stack = useStack(proxy)

  it.each([
    ['-tls1_2', 0],
    ['-tls1_3', IDENTIFIER_OCTETS],
  ])('hands out no ticket with a session in it: %s', (version, octets) => {
    expect(ticketOctets(stack(), version)).toBe(octets)
  })
})
