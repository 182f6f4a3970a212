// Whoever is revoked is refused by the proxy itself, wherever the request goes, and nobody else: the whole serial number counts.
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Ask, ask, type ClientKeys, person } from '../support/ask.ts'
import { describeAtOnce } from '../support/at-once.ts'
import { fate } from '../support/fate.ts'
import { proxies } from '../support/fronts.ts'
import { publish } from '../support/list-control.ts'
import { seenWhile } from '../support/seen.ts'
import { holderOf } from '../support/serial-holder.ts'
import { useStack } from '../support/stack.ts'

const FORMS = { html: /^text\/html\b/, json: /^application\/problem\+json\b/ } as const
const ACCEPTED = [
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'html'],
  ['application/json, text/html;q=0.5', 'html'],
  ['application/json', 'json'],
  ['*/*', 'json'],
  [undefined, 'json'],
] as const
const BODY = { method: 'POST', body: 'word'.repeat(1000) } as const

const WHEREVER: readonly Ask[] = [
  ...['/', '/app', '/app/', '/app/whoami', '/healthz', '/readyz', '/pastes', '/app/pastes/1'].map(path => ({
    path,
  })),
  ...['//', '/pki/revoked', '/%2e', '/?a=b', '/nobody/knows'].map(path => ({ path })),
  { method: 'HEAD' },
  { method: 'OPTIONS' },
  { method: 'DELETE', path: '/pastes/1' },
  { ...BODY },
  { ...BODY, path: '/pastes' },
  { ...BODY, path: '/app/pastes', headers: [['Expect', '100-continue']] },
]

/** What the file of the proxy says, and how it is to be handled. */
function refusal(file: 'revoked' | 'no-list', form: keyof typeof FORMS) {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
  return {
    status: file === 'revoked' ? 403 : 503,
    body: readFileSync(`proxy-configs/refusals/${file}.${form}`, 'utf8'),
    headers: {
      'content-type': expect.stringMatching(FORMS[form]),
      'cache-control': 'no-store',
      vary: 'Accept',
      'strict-transport-security': expect.stringMatching(/^max-age=/),
      'x-request-id': expect.stringMatching(/^[\w@-]{20,64}$/),
      ...(form === 'html' && { 'content-security-policy': policy }),
    },
  }
}

/** Neighbours of `LISTED` that are somebody else: shorter, longer, with another octet. */
const LISTED = '4BCDEF'
const OTHERS = ['4BCD', '4BCDEF00', '04BCDEF0', 'CDEF', '04BCDE', '4BCDEE']
/** As the authority writes them. */
const SERIALS = {
  'one octet': '7F',
  'one octet with a high first bit': 'C3',
  'a first digit 0': '0ABCDEF012345678',
  'a high first bit': 'FEDCBA9876543210',
  'noughts at its end': '5A0000',
  '16 octets with a high first bit': 'F0E1D2C3B4A5968778695A4B3C2D1E0F',
  '20 octets': '7FEEDDCCBBAA99887766554433221100FFEEDDCC',
  'digits only': '1234567890123456',
  'digits that look like a number': '12E4',
}

describeAtOnce('$name', proxies, proxy => {
  const stack = useStack(proxy, { backend: 'list' })
  const revoked = new Map<string, ClientKeys>()
  const grace = person('grace')

  it.each(ACCEPTED)(
    'says in the form that is wished that it has no list yet: %s is %s',
    async (accept, form) => {
      const headers = accept ? [['Accept', accept] as const] : []
      for (const http of [1, 2] as const)
        expect(await ask(stack(), { as: grace, headers, http })).toMatchObject(refusal('no-list', form))
    },
  )

  describe('with a list', () => {
    beforeAll(async () => {
      for (const serial of [LISTED, ...Object.values(SERIALS)]) revoked.set(serial, await holderOf(serial))
      await publish(stack(), { add: [LISTED, ...Object.values(SERIALS)], fill: 100 })
    })

    it.each(ACCEPTED)('says in the form that is wished who is refused: %s is %s', async (accept, form) => {
      const headers = accept ? [['Accept', accept] as const] : []
      for (const http of [1, 2] as const) {
        const answer = await ask(stack(), { as: revoked.get(LISTED), headers, http })
        expect(answer).toMatchObject(refusal('revoked', form))
      }
    })

    it('passes nothing on, whatever it is and wherever it goes', async () => {
      const as = revoked.get(LISTED)
      const statuses: number[] = []
      const seen = await seenWhile(stack(), async () => {
        for (const wish of WHEREVER)
          for (const http of [1, 2] as const)
            statuses.push((await ask(stack(), { ...wish, as, http })).status)
      })
      expect(statuses).toEqual(statuses.map(() => 403))
      expect(seen).toEqual([])
    })

    it('has it in its log', async () => {
      const { headers } = await ask(stack(), { as: revoked.get(LISTED), path: '/pastes' })
      const line = await stack().log.line(text => text.includes(String(headers['x-request-id'])))
      expect(JSON.parse(line)).toMatchObject({ proxy: proxy.name, status: 403, verify: 'SUCCESS' })
      expect(JSON.parse(line).serial.replace(/^0+/, '')).toBe(LISTED)
    })

    it.each(Object.entries(SERIALS))('knows a serial number of %s', async (_, serial) => {
      const as = revoked.get(serial)
      expect(await fate(stack(), as)).toBe('revoked')
      await publish(stack(), { remove: [serial] })
      expect(await fate(stack(), as)).toBe('passed')
    })

    it('knows one that is written with noughts before it', async () => {
      const as = await holderOf('6DEF')
      await publish(stack(), { add: ['00006DEF'] })
      expect(await fate(stack(), as)).toBe('revoked')
    })

    it.each(OTHERS)('does not take %s for another', async serial => {
      expect(await fate(stack(), await holderOf(serial))).toBe('passed')
    })
  })
})
