// A proxy follows the list of what is revoked by itself, and takes nothing but the authority's own answer to its question.
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { HEADER } from '../../proxy-configs/header-contract.ts'
import { type ClientKeys, person } from '../support/ask.ts'
import { describeAtOnce } from '../support/at-once.ts'
import { eventually, PATIENCE } from '../support/eventually.ts'
import { fate, health } from '../support/fate.ts'
import { proxies } from '../support/fronts.ts'
import { makeSelfSigned } from '../support/lab.ts'
import { WRONG_ANSWERS } from '../support/list-answers.ts'
import type { State } from '../support/list-backend.ts'
import {
  listState,
  type News,
  newsOf,
  order,
  publish,
  untilApplied,
  untilAskedAgain,
  untilNews,
} from '../support/list-control.ts'
import { holderOf } from '../support/serial-holder.ts'
import { type Stack, useStack } from '../support/stack.ts'
import { pemOf } from '../unit/app/lab.ts'

const [LOST, VICTIM] = ['10A5', '20B6']

// Two for each proxy: after each wrong answer it waits.
const LOTS = proxies.flatMap(proxy =>
  [0, 1].map(lot => ({ proxy, lot, answers: WRONG_ANSWERS.filter((_, i) => i % 2 === lot) })),
)

let lost: ClientKeys
let victim: ClientKeys
beforeAll(async () => {
  lost = await holderOf(LOST)
  victim = await holderOf(VICTIM)
})

/** Whatever the test before has left. */
async function startAfresh(stack: Stack): Promise<State> {
  const clear = { isAway: false, always: 'right', next: [] } as const
  return await publish(stack, { ...clear, add: [LOST], remove: [VICTIM] })
}

/** What has been said since then of what is wrong. */
function complaints(stack: Stack, skipped: number): readonly News[] {
  return newsOf(stack, skipped).filter(({ state }) => state !== 'current')
}

describeAtOnce('$name follows the list', proxies, proxy => {
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

  it('says once what goes on being wrong, and when it is over', async () => {
    await startAfresh(stack())
    const skipped = stack().log.lines.length
    const { generation } = await publish(stack(), { add: [VICTIM], next: Array(3).fill('a wrong hmac') })
    await untilNews(stack(), skipped, news => news.state === 'current' && news.generation === generation)
    expect(complaints(stack(), skipped)).toHaveLength(1)
  })

  it('keeps what it has while the application is away, and says since when', async () => {
    await startAfresh(stack())
    const skipped = stack().log.lines.length
    await order(stack(), { isAway: true })
    await untilNews(stack(), skipped, ({ state }) => state === 'away')
    const [status, body] = await health(stack())
    expect(status).toBe(200)
    expect(body).toMatch(/^ok, revocation list stale since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/)
    expect(Date.now() - Date.parse(body.trim().slice(-20))).toBeGreaterThan(0)
    expect(await fate(stack(), lost)).toBe('revoked')
    expect(await fate(stack(), victim)).toMatch(/^status 50[234]$/)

    const away = stack().log.lines.length
    await order(stack(), { isAway: false })
    await untilNews(stack(), away, ({ state }) => state === 'current')
    expect(await health(stack())).toEqual([200, 'ok\n'])
    await eventually(() => fate(stack(), victim), 'passed')
    expect(complaints(stack(), skipped)).toMatchObject([{ state: 'away' }])
  })

  it('waits for news, and does not go back with an application that has less than before', async () => {
    await startAfresh(stack())
    const { generation, questions } = await listState(stack())
    await order(stack(), { generation: 7, add: [VICTIM], remove: [LOST] })
    const asked = async () => (await listState(stack())).questions.slice(questions.length)
    await vi.waitFor(async () => expect(await asked()).toHaveLength(2), { ...PATIENCE, timeout: 30_000 })
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

describeAtOnce('$proxy.name takes nothing wrong, lot $lot', LOTS, ({ proxy, answers }) => {
  const stack = useStack(proxy, { backend: 'list' })

  it.each(answers)('not from %s, but says so, and asks again', async answer => {
    const before = await startAfresh(stack())
    const skipped = stack().log.lines.length
    const at = Date.now()
    await order(stack(), { add: [VICTIM], next: [answer], always: 'hold' })
    const [wrong, again] = await untilAskedAgain(stack(), before, answer)
    expect(again.after).toBe(before.generation)
    // Nor does it follow a redirect, or ask in a hurry.
    expect(again.nonce).not.toBe(wrong.nonce)
    expect(again.at - at).toBeGreaterThan(900)
    expect(await fate(stack(), victim)).toBe('passed')
    expect(await fate(stack(), lost)).toBe('revoked')
    const { entries, generation } = before
    const news = { state: expect.stringMatching(/^(away|refused)$/), entries, generation }
    await untilNews(stack(), skipped, ({ reason }) => Boolean(reason))
    expect(complaints(stack(), skipped)).toMatchObject([news])
    await order(stack(), { always: 'right' })
    await untilApplied(stack())
    expect(await fate(stack(), victim)).toBe('revoked')
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
