// What is said to be taken is taken: a header field of 15 KiB arrives whole, beside who is asking.
import { describe, expect, it } from 'vitest'
import { ask, person, received } from '../support/ask.ts'
import { contractFor, contractOf } from '../support/contract.ts'
import { proxies } from '../support/fronts.ts'
import { useStack } from '../support/stack.ts'

const LARGE = 'a'.repeat(15 * 1024)

describe.each(proxies)('$name', proxy => {
  const stack = useStack(proxy, { backend: 'echo' })

  it.each([1, 2] as const)('over HTTP/%i', async http => {
    const as = person('grace')
    const { status, body } = await ask(stack(), { as, http, headers: [['X-Large', LARGE]] })
    expect(status).toBe(200)
    expect(received(JSON.parse(body), 'X-Large')).toEqual([LARGE])
    expect(contractOf(JSON.parse(body))).toEqual(contractFor(stack(), { as }))
  })
})
