// No header of the contract reaches the back end from a client, under any spelling; the proxy's own arrives exactly once.
import { beforeAll, describe, expect, it } from 'vitest'
import {
  FOREIGN_HEADERS,
  HEADER,
  HEADER_FAMILIES,
  LEGACY_HEADERS,
} from '../../proxy-configs/header-contract.ts'
import { ask, type ClientKeys, type Echo, person } from '../support/ask.ts'
import { contractFor, contractOf } from '../support/contract.ts'
import { proxies } from '../support/fronts.ts'
import { SPELLINGS } from '../support/spellings.ts'
import { useStack } from '../support/stack.ts'

const NAMES = [
  ...Object.values(HEADER),
  ...FOREIGN_HEADERS,
  ...LEGACY_HEADERS,
  ...HEADER_FAMILIES.flatMap(family => [family, `${family}-Made-Up`]),
].filter((name, i, all) => all.indexOf(name) === i)

// What decides who somebody is: sent alone as well.
const DECISIVE = [HEADER.clientCert, HEADER.clientCertUnverified, HEADER.verify, HEADER.proxySecret]

const CALLERS = ['nobody', 'grace'] as const
const callers: Partial<Record<string, ClientKeys>> = {}
beforeAll(() => {
  callers.grace = person('grace')
})

const EVIL = 'SUCCESS, evil'

describe.each(proxies)('$name', front => {
  const stack = useStack(front, { backend: 'echo' })

  async function arrives(who: string, http: 1 | 2, names: readonly string[]) {
    const as = callers[who]
    const headers = names.map(name => [name, EVIL] as const)
    const answer = await ask(stack(), { as, http, headers })
    expect(answer.status).toBe(200)
    expect(answer.body).not.toContain('evil')
    expect(contractOf(JSON.parse(answer.body) as Echo)).toEqual(contractFor(stack(), { as }))
  }

  describe.each(CALLERS)('%s', who => {
    describe.each([1, 2] as const)('HTTP/%i', http => {
      it.each(Object.keys(SPELLINGS))('all names, %s', async spelling => {
        const spell = SPELLINGS[spelling] ?? String
        await arrives(who, http, NAMES.map(spell))
      })

      it.each(DECISIVE)('%s alone, in every spelling', async name => {
        for (const spell of Object.values(SPELLINGS)) await arrives(who, http, [spell(name)])
      })

      it('all names twice', async () => {
        await arrives(who, http, [...NAMES, ...NAMES])
      })
    })
  })

  it('lets every other header through as it is', async () => {
    const others = [
      ['Client', 'a'],
      ['X-SSL', 'b'],
      ['X-Via', 'c'],
      ['Via-X', 'd'],
      ['X-Request-Ident', 'e'],
      ['X-Proxy', 'f'],
      ['Cookie', 'g=h'],
      ['Authorization', 'Bearer i'],
      ['Origin', 'https://evil.example'],
      ['Sec-Fetch-Site', 'cross-site'],
      ['X-CSRF-Token', 'j'],
    ] as const
    const { body } = await ask(stack(), { headers: others })
    const { rawHeaders } = JSON.parse(body) as Echo
    for (const [name, value] of others) {
      const at = rawHeaders.findIndex((each, i) => i % 2 === 0 && each.toLowerCase() === name.toLowerCase())
      expect(rawHeaders[at + 1]).toBe(value)
    }
  })
})
