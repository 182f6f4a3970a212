// No header that a client names hop-by-hop, upgrades or sends as a trailer changes what the back end is told about it.
import { describe, expect, it } from 'vitest'
import { FOREIGN_HEADERS, HEADER } from '../../proxy-configs/header-contract.ts'
import { type Ask, ask, type Echo, HOST, person, received, sendRaw } from '../support/ask.ts'
import { contractFor, contractOf } from '../support/contract.ts'
import { proxies } from '../support/fronts.ts'
import { askRawHttp2 } from '../support/raw-http2.ts'
import { seenWhile } from '../support/seen.ts'
import { useStack } from '../support/stack.ts'

const NAMES = [...Object.values(HEADER), ...FOREIGN_HEADERS]

/** The JSON of the echo back end out of a whole HTTP/1.1 answer, whatever its framing. */
function echoOf(answer: string): Echo {
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  return JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)) as Echo
}

describe.each(proxies)('$name', front => {
  const stack = useStack(front, { backend: 'echo' })

  async function isUntouched(lines: readonly string[], options: Ask = {}) {
    const request = ['GET / HTTP/1.1', `Host: ${HOST}:${stack().port}`, ...lines, '', ''].join('\r\n')
    const echo = echoOf(await sendRaw(stack(), request, options))
    expect(contractOf(echo)).toEqual(contractFor(stack(), options))
    return echo
  }

  describe.each(['nobody', 'grace'])('%s', who => {
    const caller = () => (who === 'grace' ? { as: person('grace') } : {})

    it.each([
      { how: 'all names on one line', lines: [`Connection: close, ${NAMES.join(', ')}`] },
      { how: 'in lower case', lines: [`Connection: close,${NAMES.join(',').toLowerCase()}`] },
      { how: 'one line each', lines: ['Connection: close', ...NAMES.map(name => `Connection: ${name}`)] },
      { how: 'close last', lines: [...NAMES.map(name => `connection: ${name}`), 'CONNECTION: Close'] },
      { how: 'empty members', lines: [`Connection: ,, ,${NAMES.join(' ,\t, ')},`, 'Connection: close'] },
      { how: 'in quotes', lines: [`Connection: close, "${NAMES.join('", "')}"`] },
      { how: 'run together', lines: [`Connection: close;${NAMES.join(';')}`, 'Connection: close'] },
      {
        how: 'close within a name',
        lines: ['Connection: X-close, close-X, Client-Cert', 'Connection: close'],
      },
      // A pattern that recursed for each member used up the stack of a server.
      { how: '4,000 members', lines: [`Connection: close,${'a,'.repeat(4000)}Client-Cert`] },
      { how: '80 lines', lines: [...Array(80).fill('Connection: Client-Cert,a'), 'Connection: close'] },
      { how: 'Proxy-Connection', lines: ['Connection: close', `Proxy-Connection: ${NAMES.join(', ')}`] },
      { how: 'Keep-Alive', lines: ['Connection: close, Keep-Alive', `Keep-Alive: ${NAMES.join(', ')}`] },
    ])('Connection: $how', async ({ lines }) => {
      const echo = await isUntouched(lines, caller())
      // The back end is not told to do what the proxy refused to.
      for (const value of received(echo, 'Connection')) expect(value).toMatch(/^(keep-alive|close)$/i)
    })

    it.each([
      { how: 'all names', lines: [NAMES.join(', ')] },
      { how: 'one line each', lines: NAMES },
      { how: 'with what is not close', lines: [`keep-alive, close-not, ${NAMES.join(', ')}`] },
      { how: 'close and a name in one member', lines: ['close Client-Cert', 'Client-Cert close'] },
    ])('Connection without close: $how', async ({ lines }) => {
      const headers = lines.map(line => ['Connection', line] as const)
      const { body } = await ask(stack(), { headers, ...caller() })
      expect(contractOf(JSON.parse(body) as Echo)).toEqual(contractFor(stack(), caller()))
    })

    it.each([
      {
        protocol: 'h2c',
        lines: ['Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'],
      },
      {
        protocol: 'websocket',
        lines: ['Connection: Upgrade', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='],
      },
      { protocol: 'TLS/1.0, HTTP/1.1', lines: ['Connection: upgrade, Client-Cert'] },
    ])('Upgrade: $protocol does not reach the back end', async ({ protocol, lines }) => {
      const echo = await isUntouched([`Upgrade: ${protocol}`, ...lines, 'Connection: close'], caller())
      expect(received(echo, 'Upgrade')).toEqual([])
      for (const value of received(echo, 'Connection')) expect(value).toMatch(/^(keep-alive|close)$/i)
    })

    it('HTTP/1.1 trailers are never merged', async () => {
      const echo = await isUntouched(
        [
          'Connection: close',
          'TE: trailers',
          `Trailer: ${NAMES.join(', ')}`,
          'Transfer-Encoding: chunked',
          '',
        ]
          .concat('3', 'abc', '0')
          .concat(NAMES.map(name => `${name}: evil`)),
        caller(),
      )
      expect(echo.body).toBe('abc')
    })

    it('HTTP/2 trailers are never merged', async () => {
      const trailers = NAMES.map(name => [name.toLowerCase(), 'evil'] as const)
      const seen = await seenWhile(stack(), async () => {
        const answer = await askRawHttp2(stack(), { method: 'POST', body: 'abc', trailers, ...caller() })
        // nginx refuses the trailers.
        if (answer.end === 'answered') expect(JSON.parse(answer.body)).toMatchObject({ body: 'abc' })
      })
      for (const { rawHeaders = [] } of seen) {
        expect(contractOf({ rawHeaders })).toEqual(contractFor(stack(), caller()))
      }
    })
  })

  it('TRACE shows nobody what the back end was told', async () => {
    const seen = await seenWhile(stack(), async () => {
      const answer = await ask(stack(), { method: 'TRACE' })
      expect(answer.status).toBe(405)
      expect(answer.body).not.toContain('Proxy-Secret')
    })
    expect(seen).toEqual([])
  })

  it('keeps the connection unless told to close it', async () => {
    const get = `GET /first HTTP/1.1\r\nHost: ${HOST}:${stack().port}\r\n`
    const kept = await sendRaw(stack(), `${get}\r\n${get}Connection: close\r\n\r\n`)
    expect(kept.match(/HTTP\/1\.1 200 /g)).toHaveLength(2)
    const closed = await sendRaw(stack(), `${get}Connection: Client-Cert, close\r\n\r\n${get}\r\n`)
    expect(closed.match(/HTTP\/1\.1 200 /g)).toHaveLength(1)
  })
})
