// However a request says where it ends, it never becomes two at the back end, and never one with a forged identity.
import { describe, expect, it } from 'vitest'
import { ask, HOST, sendRaw, sendUntilAnswered } from '../support/ask.ts'
import { contractFor, contractOf } from '../support/contract.ts'
import { proxies } from '../support/fronts.ts'
import { askRawHttp2 } from '../support/raw-http2.ts'
import { type Seen, seenWhile } from '../support/seen.ts'
import { useStack } from '../support/stack.ts'

const ZERO = '0\r\n\r\n'
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`

/** What must never come out as a request: a whole one, with an identity of its own. */
function hidden(host: string): string {
  const lines = ['X-SSL-Client-Verify: SUCCESS', 'X-Proxy-Secret: evil', 'Client-Cert: :ZXZpbA==:']
  return ['GET /hidden HTTP/1.1', `Host: ${host}`, ...lines, '', ''].join('\r\n')
}

type Attack = (inner: string) => { readonly head: string; readonly body: string }

/** The hidden request within what Content-Length counts, and after what the chunks count. */
function lengthAndCoding(coding: string): Attack {
  return inner => ({
    head: `Content-Length: ${ZERO.length + inner.length}\r\n${coding}\r\n`,
    body: ZERO + inner,
  })
}

const CODINGS = [
  'Transfer-Encoding: chunked',
  'Transfer-Encoding:chunked',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding: CHUNKED',
  'Transfer-Encoding: chunked ',
  'Transfer-Encoding : chunked',
  ' Transfer-Encoding: chunked',
  'Transfer-Encoding:\r\n chunked',
  'Transfer-Encoding\r\n : chunked',
  'Transfer_Encoding: chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: chunk',
  'Transfer-Encoding: "chunked"',
  'Transfer-Encoding: chunked;q=1',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: identity, chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: chunked,',
  'Transfer-Encoding: ,chunked',
  'Transfer-Encoding: \x0bchunked',
  'Transfer-Encoding: chunked\x0b',
  'Transfer-Encoding: chunked\0',
  'Transfer-Encoding:',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
  'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
  'X: a\nTransfer-Encoding: chunked',
  'X: a\rTransfer-Encoding: chunked',
]

const LENGTHS = ['+3', '-3', '0x3', '3a', '3;', '3.0', '3e0', '3 3', '', ' ', '3, 3', '3, 0', '0, 3'].concat(
  '3\x0b',
  '\x0b3',
  '\xb3',
)

// Each ends the body, or must be refused.
const CHUNKS = [
  '0x3\r\nabc\r\n',
  '+3\r\nabc\r\n',
  '-3\r\nabc\r\n',
  ' 3\r\nabc\r\n',
  '3 \r\nabc\r\n',
  'g\r\nabc\r\n',
]
  .concat(
    '3;a=b\r\nabc\r\n',
    '3;a\nabc\r\n',
    '3;a\rb\r\nabc\r\n',
    '3\nabc\n',
    '3\r\nabcd\r\n',
    '3\r\nabcX\r\n',
  )
  .concat(
    '10000000000000003\r\nabc\r\n',
    'fffffffffffffffff\r\nabc\r\n',
    '00000000000000000003\r\nabc\r\n',
    '\r\n',
  )
  .concat('3\r\nabc\r\n00\r\nX: ')

const ATTACKS: Readonly<Record<string, Attack>> = {
  ...Object.fromEntries(CODINGS.map(coding => [`CL.TE ${JSON.stringify(coding)}`, lengthAndCoding(coding)])),
  ...Object.fromEntries(
    CODINGS.slice(0, 9).map(coding => [
      `TE.CL ${JSON.stringify(coding)}`,
      (inner: string) => ({ head: `${coding}\r\nContent-Length: 4\r\n`, body: chunk(inner) + ZERO }),
    ]),
  ),
  ...Object.fromEntries(
    LENGTHS.map(length => [
      `Content-Length: ${JSON.stringify(length)}`,
      () => ({ head: `Content-Length: ${length}\r\n`, body: 'abc' }),
    ]),
  ),
  ...Object.fromEntries(
    CHUNKS.map(chunks => [
      `chunk ${JSON.stringify(chunks)}`,
      () => ({ head: 'Transfer-Encoding: chunked\r\n', body: chunks + ZERO }),
    ]),
  ),
  'two lengths, the first 0': inner => ({
    head: `Content-Length: 0\r\nContent-Length: ${inner.length}\r\n`,
    body: inner,
  }),
  'two lengths, the last 0': inner => ({
    head: `Content-Length: ${inner.length}\r\nContent-Length: 0\r\n`,
    body: inner,
  }),
  'two equal lengths': inner => ({
    head: `Content-Length: ${inner.length}\r\nContent-Length: ${inner.length}\r\n`,
    body: inner,
  }),
  'a length on two lines': inner => ({ head: `Content-Length: 0\r\n ${inner.length}\r\n`, body: inner }),
  'Expect of an odd kind': inner => ({
    head: `Expect: 100-continuee\r\nContent-Length: ${inner.length}\r\n`,
    body: inner,
  }),
}

const LINES = [
  'GET /outer HTTP/1.1\r\nX: y',
  'GET /outer HTTP/1.2',
  'GET /outer HTTP/2.0',
  'GET /outer HTTP/1.1 HTTP/1.1',
  'GET  /outer  HTTP/1.1',
  'GET\t/outer\tHTTP/1.1',
  'GET\x0b/outer HTTP/1.1',
  'GET /outer\0 HTTP/1.1',
  'GET /outer\rX HTTP/1.1',
  'GET\0 /outer HTTP/1.1',
  'get /outer HTTP/1.1',
  'GET /outer\u00a0HTTP/1.1',
  '\r\n\r\nGET /outer HTTP/1.1',
  'GET /outer HTTP/01.1',
  'GET /outer http/1.1',
  'GET /outer HTTP/1.1\n\nGET /hidden HTTP/1.1',
]

describe.each(proxies)('$name', front => {
  const stack = useStack(front, { backend: 'echo' })
  const host = () => `${HOST}:${stack().port}`
  const last = () => `GET /last HTTP/1.1\r\nHost: ${host()}\r\nConnection: close\r\n\r\n`

  /** Nothing but these paths, in this order, each at most once, each with what the proxy says of nobody. */
  function isHonest(seen: readonly Seen[], paths: readonly string[]) {
    const arrived = seen.filter(({ unreadable }) => unreadable === undefined)
    expect(paths.filter(path => arrived.some(({ url }) => url === path))).toEqual(
      arrived.map(({ url }) => url),
    )
    for (const { rawHeaders = [] } of arrived) {
      expect(contractOf({ rawHeaders })).toEqual(contractFor(stack()))
      const names = rawHeaders.filter((_, i) => i % 2 === 0).map(name => name.toLowerCase())
      expect(
        names.filter(name => name === 'content-length' || name === 'transfer-encoding').length,
      ).toBeLessThan(2)
    }
  }

  it.each(Object.entries(ATTACKS))('%s', async (_, attack) => {
    const { head, body } = attack(hidden(host()))
    const bytes = `POST /outer HTTP/1.1\r\nHost: ${host()}\r\n${head}\r\n${body}${last()}`
    isHonest(await seenWhile(stack(), () => sendRaw(stack(), bytes)), ['/outer', '/last'])
  })

  it.each(['HTTP/1.0\r\nConnection: keep-alive', 'HTTP/1.0'])('chunks in %j', async version => {
    const { head, body } = lengthAndCoding('Transfer-Encoding: chunked')(hidden(host()))
    const bytes = `POST /outer ${version}\r\nHost: ${host()}\r\n${head}\r\n${body}${last()}`
    isHonest(await seenWhile(stack(), () => sendRaw(stack(), bytes)), ['/outer', '/last'])
  })

  it.each(LINES)('request line %j', async line => {
    // Two that say where they end are two: HTTP/1.1 pipelining.
    const bytes = `${line}\r\nHost: ${host()}\r\nX-Proxy-Secret: evil\r\n\r\n${last()}`
    const seen = await seenWhile(stack(), () => sendRaw(stack(), bytes))
    isHonest(
      seen,
      ['/outer', '/hidden', '/last'].filter(path => path !== '/hidden' || line.includes('/hidden')),
    )
  })

  // 4294967299 is 3 to whoever counts with 32 bits, the last two are 0 and 3 to whoever counts with 64.
  it.each(['4294967299', '9223372036854775811', '18446744073709551616', '18446744073709551619'])(
    'Content-Length: %s is refused without waiting for it',
    async length => {
      const bytes = `POST /outer HTTP/1.1\r\nHost: ${host()}\r\nContent-Length: ${length}\r\n\r\nabc`
      const seen = await seenWhile(stack(), async () => {
        expect(await sendUntilAnswered(stack(), bytes)).toMatch(/^HTTP\/1\.1 4(00|13) /)
      })
      expect(seen).toEqual([])
    },
  )

  it('HTTP/0.9 is not spoken', async () => {
    const seen = await seenWhile(stack(), () =>
      sendRaw(stack(), 'GET /outer\r\n', { tls: { servername: '' } }),
    )
    expect(seen).toEqual([])
  })

  it('a request over which the back end hangs up is not sent again', async () => {
    // The others leave connections to the back end behind: on a kept one it could be the proxy that came too late.
    const paths = Array.from({ length: 8 }, () => ['/outer', '/hang-up']).flat()
    const seen = await seenWhile(stack(), async () => {
      for (const path of paths) {
        // HAProxy hangs up as well.
        const status = ask(stack(), { path }).then(
          answer => answer.status,
          () => 502,
        )
        expect(await status).toBe(path === '/outer' ? 200 : 502)
      }
    })
    expect(seen.map(({ url }) => url)).toEqual(paths)
  })

  it('an HTTP/2 preface within HTTP/1.1 is no request', async () => {
    const bytes = `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${hidden(host())}`
    isHonest(await seenWhile(stack(), () => sendRaw(stack(), bytes)), [])
  })

  const CRLF = '\r\nX-Proxy-Secret: evil\r\n\r\nGET /hidden HTTP/1.1\r\nHost: x\r\n\r\n'
  const pseudo = (changes: Readonly<Record<string, string>>) => {
    const usual = { ':method': 'GET', ':scheme': 'https', ':authority': host(), ':path': '/outer' }
    return Object.entries({ ...usual, ...changes })
  }

  it.each([
    { what: 'CRLF in :path', fields: () => pseudo({ ':path': `/outer HTTP/1.1${CRLF}` }) },
    { what: 'LF in :path', fields: () => pseudo({ ':path': '/outer\nX-Proxy-Secret: evil' }) },
    { what: 'space in :path', fields: () => pseudo({ ':path': '/outer HTTP/1.1' }) },
    { what: 'NUL in :path', fields: () => pseudo({ ':path': '/outer\0' }) },
    { what: 'another host in :path', fields: () => pseudo({ ':path': '@hidden.example/' }) },
    { what: 'a name that goes on in :path', fields: () => pseudo({ ':path': '.hidden.example/' }) },
    { what: 'no :path', fields: () => pseudo({}).filter(([name]) => name !== ':path') },
    { what: 'empty :path', fields: () => pseudo({ ':path': '' }) },
    { what: 'CRLF in :method', fields: () => pseudo({ ':method': `GET /hidden HTTP/1.1${CRLF}` }) },
    { what: 'space in :method', fields: () => pseudo({ ':method': 'GET /hidden' }) },
    { what: 'CRLF in :authority', fields: () => pseudo({ ':authority': `${HOST}${CRLF}` }) },
    { what: 'CRLF in :scheme', fields: () => pseudo({ ':scheme': `https${CRLF}` }) },
    { what: 'path in :scheme', fields: () => pseudo({ ':scheme': 'https://hidden/?' }) },
    { what: 'two :path', fields: () => [...pseudo({}), [':path', '/hidden'] as const] },
    { what: 'unknown pseudo-header', fields: () => pseudo({ ':client-cert': 'evil' }) },
    { what: 'CONNECT by :protocol', fields: () => pseudo({ ':method': 'CONNECT', ':protocol': 'h2c' }) },
    { what: 'CRLF in a value', fields: () => pseudo({ 'x-a': `b${CRLF}` }) },
    { what: 'LF in a value', fields: () => pseudo({ 'x-a': 'b\nX-Proxy-Secret: evil' }) },
    { what: 'NUL in a value', fields: () => pseudo({ 'x-a': 'b\0' }) },
    { what: 'CRLF in a name', fields: () => pseudo({ 'x-a\r\nx-proxy-secret': 'evil' }) },
    { what: 'colon in a name', fields: () => pseudo({ 'x-proxy-secret: evil\r\nx': 'y' }) },
    { what: 'space in a name', fields: () => pseudo({ 'x-proxy-secret ': 'evil' }) },
    { what: 'upper case in a name', fields: () => pseudo({ 'X-Proxy-Secret': 'evil' }) },
    {
      what: 'transfer-encoding',
      fields: () => pseudo({ ':method': 'POST', 'transfer-encoding': 'chunked' }),
    },
    { what: 'connection', fields: () => pseudo({ connection: 'close, x-proxy-secret' }) },
    { what: 'upgrade', fields: () => pseudo({ connection: 'upgrade', upgrade: 'h2c' }) },
    { what: 'length 0 and a body', fields: () => pseudo({ ':method': 'POST', 'content-length': '0' }) },
    { what: 'length too short', fields: () => pseudo({ ':method': 'POST', 'content-length': '3' }) },
    { what: 'length too long', fields: () => pseudo({ ':method': 'POST', 'content-length': '9999' }) },
    {
      what: 'length beyond 64 bits',
      fields: () => pseudo({ ':method': 'POST', 'content-length': '18446744073709551616' }),
    },
    { what: 'chunks as a body', fields: () => pseudo({ ':method': 'POST' }) },
  ])('HTTP/2: $what', async ({ fields }) => {
    const body = ZERO + hidden(host())
    const seen = await seenWhile(stack(), () => askRawHttp2(stack(), { pseudo: fields(), body }))
    isHonest(seen, ['/outer'])
  })
})
