// Broken, folded, oversized or countless headers end in a refusal or change nothing; an identity is never cut short.
import { describe, expect, it } from 'vitest'
import { ask, HOST, person, sendRaw } from '../support/ask.ts'
import { contractFor, contractOf } from '../support/contract.ts'
import { proxies } from '../support/fronts.ts'
import { seenWhile } from '../support/seen.ts'
import { useStack } from '../support/stack.ts'

// How the header lines look on the wire; `must` where every server refuses.
const BROKEN: readonly { readonly what: string; readonly lines: string; readonly must?: 'be refused' }[] = [
  { what: 'space before the colon', lines: 'Client-Cert : evil\r\n', must: 'be refused' },
  { what: 'tab before the colon', lines: 'Client-Cert\t: evil\r\n', must: 'be refused' },
  { what: 'space before the name', lines: ' Client-Cert: evil\r\n' },
  { what: 'folded line that looks like a header', lines: 'X-A: a\r\n Client-Cert: evil\r\n' },
  { what: 'folded value', lines: 'Client-Cert:\r\n evil\r\n' },
  { what: 'folded with a tab', lines: 'X-SSL-Client-Verify:\r\n\tSUCCESS, evil\r\n' },
  { what: 'folded name', lines: 'X-Proxy\r\n -Secret: evil\r\n', must: 'be refused' },
  { what: 'bare CR', lines: 'X-A: a\rClient-Cert: evil\r\n', must: 'be refused' },
  { what: 'bare CR in the name', lines: 'X-A\rClient-Cert: evil\r\n', must: 'be refused' },
  { what: 'bare LF', lines: 'X-A: a\nClient-Cert: evil\n' },
  { what: 'LF CR', lines: 'X-A: a\n\rClient-Cert: evil\r\n', must: 'be refused' },
  { what: 'NUL in the value', lines: 'X-A: a\0Client-Cert: evil\r\n', must: 'be refused' },
  { what: 'NUL in the name', lines: 'Client-Cert\0: evil\r\n', must: 'be refused' },
  { what: 'NUL before the name', lines: '\0Client-Cert: evil\r\n', must: 'be refused' },
  { what: 'no name', lines: ': evil\r\n', must: 'be refused' },
  { what: 'no colon', lines: 'Client-Cert\r\n' },
  { what: 'non-ASCII hyphen', lines: 'Client\xe2\x80\x91Cert: evil\r\n' },
  { what: 'two colons', lines: 'Client-Cert:: evil\r\n' },
  { what: 'vertical tab after the name', lines: 'Client-Cert\x0b: evil\r\n' },
  { what: 'delete character in the name', lines: 'Client-\x7fCert: evil\r\n' },
  { what: 'empty value', lines: 'Client-Cert:\r\nX-SSL-Client-Verify: \r\nX-Proxy-Secret:\t\r\n' },
  { what: 'the same twice', lines: 'X-SSL-Client-Verify: NONE\r\nX-SSL-Client-Verify: SUCCESS\r\n' },
  { what: 'the same twice on one line', lines: 'X-SSL-Client-Verify: NONE, SUCCESS\r\n' },
]

const KB = 1024
const OVERSIZE: readonly { readonly what: string; readonly lines: string; readonly must?: 'be refused' }[] = [
  { what: '9 kB in one header', lines: `X-A: ${'a'.repeat(9 * KB)}\r\n` },
  { what: '20 kB in one header', lines: `X-A: ${'a'.repeat(20 * KB)}\r\n` },
  { what: '60 kB in one header', lines: `X-A: ${'a'.repeat(60 * KB)}\r\n`, must: 'be refused' },
  { what: '9 kB of identity', lines: `Client-Cert: :${'a'.repeat(9 * KB)}:\r\n` },
  { what: '60 kB of identity', lines: `Client-Cert: :${'a'.repeat(60 * KB)}:\r\n`, must: 'be refused' },
  { what: 'a name of 60 kB', lines: `Client-Cert${'-'.repeat(60 * KB)}: evil\r\n`, must: 'be refused' },
  { what: '2,500 headers', lines: 'X-A: a\r\n'.repeat(2_500), must: 'be refused' },
  { what: '2,500 headers of identity', lines: 'Client-Cert: evil\r\n'.repeat(2_500), must: 'be refused' },
  { what: '90 headers', lines: 'X-A: a\r\n'.repeat(90) },
]

// Around what the servers' buffers hold together with what they add themselves: 16 KiB and 32 KiB.
const AROUND_THE_BUFFERS = [15, 16, 28, 29, 30, 31, 32].flatMap(kb =>
  Array.from({ length: 4 }, (_, i) => kb * KB - 400 + i * 256),
)

describe.each(proxies)('$name', front => {
  const stack = useStack(front, { backend: 'echo' })

  async function isHarmless(lines: string, must?: 'be refused') {
    const as = person('grace')
    const head = `GET /outer HTTP/1.1\r\nHost: ${HOST}:${stack().port}\r\nX-First: a\r\n`
    let answer = ''
    const seen = await seenWhile(stack(), async () => {
      // A server may also end the connection while it is still being sent to.
      answer = await sendRaw(stack(), `${head}${lines}Connection: close\r\n\r\n`, { as }).catch(
        () => 'HTTP/1.1 400 ',
      )
    })
    if (must) expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /)
    else expect(answer).toMatch(/^HTTP\/1\.1 (200|[45]\d\d) /)
    expect(seen.length).toBeLessThanOrEqual(answer.startsWith('HTTP/1.1 200') ? 1 : 0)
    for (const { unreadable, rawHeaders = [] } of seen) {
      expect(unreadable).toBeUndefined()
      expect(contractOf({ rawHeaders })).toEqual(contractFor(stack(), { as }))
    }
    expect(await ask(stack())).toMatchObject({ status: 200 })
  }

  it.each(BROKEN)('$what', ({ lines, must }) => isHarmless(lines, must))
  it.each(OVERSIZE)('$what', ({ lines, must }) => isHarmless(lines, must))

  it('no size at which the identity does not fit leaves it out', async () => {
    for (const size of AROUND_THE_BUFFERS) {
      const lines = Array.from({ length: Math.ceil(size / (8 * KB)) }, (_, i) => {
        const rest = Math.min(8 * KB, size - i * 8 * KB)
        return `X-${i}: ${'a'.repeat(Math.max(0, rest - 7))}\r\n`
      })
      await isHarmless(lines.join(''))
    }
  })
})
