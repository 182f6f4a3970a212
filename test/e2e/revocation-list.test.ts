// A proxy follows the list of what is revoked by itself, and takes nothing but the authority's own answer to its question.
import { beforeAll, describe, expect, it } from 'vitest'
import { HEADER } from '../../proxy-configs/header-contract.ts'
import { type ClientKeys, person } from '../support/ask.ts'
import { fate, health } from '../support/fate.ts'
import { proxies } from '../support/fronts.ts'
import { makeSelfSigned } from '../support/lab.ts'
import { WRONG_ANSWERS } from '../support/list-answers.ts'
import {
  listState,
  newsOf,
  order,
  PATIENCE,
  publish,
  untilApplied,
  untilAskedAgain,
  untilNews,
} from '../support/list-control.ts'
import { holderOf } from '../support/serial-holder.ts'
import { useStack } from '../support/stack.ts'
import { pemOf } from '../unit/app/lab.ts'

const [LOST, VICTIM] = ['10A5', '20B6']

let lost: ClientKeys
let victim: ClientKeys
beforeAll(async () => {
  lost = await holderOf(LOST)
  victim = await holderOf(VICTIM)
})

// The proxies at once, since most of it is waiting; the tests of each one after the other.
describe.concurrent.each(proxies)('$name', proxy => {
  describe('follows the list', { concurrent: false }, () => {
    const stack = useStack(proxy, { backend: 'list' })

    it('lets nobody with a certificate pass before it has one', async () => {
      expect(await fate(stack(), victim)).toBe('no list')
      expect(await fate(stack(), undefined)).toBe('passed')
      expect(await fate(stack(), pemOf(makeSelfSigned()))).toBe('passed')
      expect(await health(stack())).toEqual([503, expect.any(String)])
    })

    it('takes an empty list for one', async () => {
      await publish(stack(), { generation: 5 })
      expect(await fate(stack(), victim)).toBe('passed')
      expect(await health(stack())).toEqual([200, 'ok\n'])
    })

    it('refuses who is on it, from then on until he is not any more', async () => {
      const skipped = stack().log.lines.length
      const { generation } = await publish(stack(), { add: [LOST, VICTIM], fill: 10 })
      expect(await untilNews(stack(), skipped, news => news.generation === generation)).toMatchObject({
        proxy: proxy.name,
        state: 'current',
        entries: 12,
      })
      expect(await fate(stack(), lost)).toBe('revoked')
      expect(await fate(stack(), victim)).toBe('revoked')
      expect(await fate(stack(), person('grace'))).toBe('passed')
      await publish(stack(), { remove: [VICTIM] })
      expect(await fate(stack(), victim)).toBe('passed')
    })

    // Whatever the test before has left.
    async function fresh(): Promise<void> {
      const skipped = stack().log.lines.length
      const clear = { isAway: false, always: 'right', next: [] } as const
      const { generation } = await publish(stack(), { ...clear, add: [LOST], remove: [VICTIM] })
      await untilNews(stack(), skipped, news => news.state === 'current' && news.generation === generation)
    }

    it.each(WRONG_ANSWERS)('takes nothing from %s, says so, and asks again', async answer => {
      await fresh()
      const skipped = stack().log.lines.length
      const before = await listState(stack())
      await order(stack(), { add: [VICTIM], next: [answer], always: 'hold' })
      const { after } = await untilAskedAgain(stack(), before, answer)
      expect(after).toBe(before.generation)
      expect(await fate(stack(), victim)).toBe('passed')
      expect(await fate(stack(), lost)).toBe('revoked')
      const { entries, generation } = before
      const news = { state: expect.stringMatching(/^(away|refused)$/), entries, generation }
      await untilNews(stack(), skipped, ({ reason }) => Boolean(reason))
      expect(newsOf(stack(), skipped)).toMatchObject([news])
      await order(stack(), { always: 'right' })
      await untilApplied(stack())
      expect(await fate(stack(), victim)).toBe('revoked')
    })

    it('says once what goes on being wrong, and when it is over', async () => {
      await fresh()
      const skipped = stack().log.lines.length
      const { generation } = await publish(stack(), { add: [VICTIM], next: Array(3).fill('a wrong hmac') })
      await untilNews(stack(), skipped, news => news.state === 'current' && news.generation === generation)
      expect(newsOf(stack(), skipped).filter(({ state }) => state !== 'current')).toHaveLength(1)
    })

    it('keeps what it has while the application is away, and says since when', async () => {
      await fresh()
      const skipped = stack().log.lines.length
      await order(stack(), { isAway: true })
      await untilNews(stack(), skipped, ({ state }) => state === 'away')
      const [status, body] = await health(stack())
      expect(status).toBe(200)
      expect(body).toMatch(/^ok, revocation list stale since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/)
      expect(Date.now() - Date.parse(body.trim().slice(-20))).toBeGreaterThan(0)
      expect(await fate(stack(), lost)).toBe('revoked')
      expect(await fate(stack(), victim)).toMatch(/^status 50[234]$/)

      await order(stack(), { isAway: false })
      await untilNews(stack(), skipped, ({ state }) => state === 'current')
      expect(await health(stack())).toEqual([200, 'ok\n'])
      await expect.poll(() => fate(stack(), victim), PATIENCE).toBe('passed')
      expect(newsOf(stack(), skipped).map(({ state }) => state)).toEqual(['away', 'current'])
    })

    it('waits for news, and does not go back with an application that has less than before', async () => {
      await fresh()
      const { generation, questions } = await listState(stack())
      await order(stack(), { generation: 7, add: [VICTIM], remove: [LOST] })
      const asked = async () => (await listState(stack())).questions.slice(questions.length)
      await expect.poll(async () => (await asked()).length, { ...PATIENCE, timeout: 30_000 }).toBe(2)
      const [first, second] = await asked()
      expect([first?.after, second?.after]).toEqual([generation, generation])
      expect(Number(second?.at) - Number(first?.at)).toBeGreaterThan(9000)
      expect(await fate(stack(), lost)).toBe('revoked')
      expect(await fate(stack(), victim)).toBe('passed')

      await publish(stack(), { generation: generation + 1, add: [VICTIM], remove: [LOST] })
      expect(await fate(stack(), lost)).toBe('passed')
      expect(await fate(stack(), victim)).toBe('revoked')
    })

    it('has asked each time as itself, with a new nonce, for what came after what it has', async () => {
      const { questions } = await listState(stack())
      for (const { proxy: name, nonce, wait, rawHeaders } of questions) {
        expect({ name, nonce, wait }).toEqual({
          name: proxy.name,
          nonce: expect.stringMatching(/^[0-9A-Za-z]{16,64}$/),
          // None for one who wants to be sure of what he has, soon.
          wait: expect.toBeOneOf([0, 10]),
        })
        const verify = rawHeaders.findIndex(text => text.toLowerCase() === HEADER.verify.toLowerCase())
        expect(rawHeaders[verify + 1]).toBe('NONE')
      }
      expect(new Set(questions.map(({ nonce }) => nonce)).size).toBe(questions.length)
      const generations = questions.map(({ after }) => after)
      expect(generations).toEqual(generations.toSorted((a, b) => a - b))
    })
  })
})

describe.each(proxies)('$name that is to follow nothing', proxy => {
  const stack = useStack(proxy, { backend: 'list', revocation: 'none' })

  it('lets everybody pass, and asks for no list', async () => {
    await order(stack(), { add: [LOST] })
    expect(await fate(stack(), lost)).toBe('passed')
    expect(await health(stack())).toEqual([200, 'ok\n'])
    expect((await listState(stack())).questions).toEqual([])
  })
})
