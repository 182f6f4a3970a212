// A proxy follows the list of ended sessions as it follows that of revoked certificates (revocation-list.test.ts), each by itself.
import { afterAll, describe, expect, it } from 'vitest'
import { GATE } from '../../proxy-configs/gate-contract.ts'
import { ask, person } from '../support/ask.ts'
import { PATIENCE } from '../support/eventually.ts'
import { fateOf, health } from '../support/fate.ts'
import { proxies } from '../support/fronts.ts'
import { gateCookie, gateToken, newSession } from '../support/gate-tokens.ts'
import type { WrongAnswer } from '../support/list-answers.ts'
import { listState, order, publish, untilAskedAgain } from '../support/list-control.ts'
import { useStack } from '../support/stack.ts'
import { StateFile } from '../support/state-file.ts'

const WRONG: readonly WrongAnswer[] = [
  'a wrong hmac',
  'another secret',
  'a wrong nonce',
  'the other list',
  'an empty list from the beginning',
  'a body that is cut off',
  'status 404',
]

describe.each(proxies)('$name', proxy => {
  const files = new StateFile('ended')
  afterAll(() => files[Symbol.dispose]())
  const stack = useStack(proxy, { backend: 'list', gate: 'on', state: files.folder })
  const jti = newSession()
  const ended = gateToken({ jti })
  const going = gateToken()
  const fate = async (token?: string) =>
    fateOf(await ask(stack(), { path: GATE.path, headers: token ? [gateCookie(token)] : [] }))

  it('lets nobody pass by a token before it has one; certificates have their own list', async () => {
    await publish(stack(), { generation: 3 })
    expect(await fate(going)).toBe('no list')
    expect(await fate()).toBe('status 302')
    expect(await fate('x')).toBe('status 302')
    expect((await ask(stack(), { path: GATE.path, as: person('grace') })).status).toBe(200)
    expect((await ask(stack(), { path: '/' })).status).toBe(200)
    expect(await health(stack())).toEqual([503, 'no list of ended sessions yet\n'])
    await publish(stack(), { generation: 5 }, 'ended')
    expect(await fate(going)).toBe('passed')
    expect(await health(stack())).toEqual([200, 'ok\n'])
  })

  it.each(WRONG)('takes nothing from %s', async answer => {
    const before = await publish(stack(), { add: [jti] }, 'ended')
    await order(stack(), { remove: [jti], next: [answer], always: 'hold' }, 'ended')
    await untilAskedAgain(stack(), before, answer, 'ended')
    expect(await fate(ended)).toBe('status 302')
    expect(await fate(going)).toBe('passed')
    await publish(stack(), { always: 'right' }, 'ended')
    expect(await fate(ended)).toBe('passed')
  })

  it('is told of one list while the other has nothing new, and keeps each in a file of its own', async () => {
    await publish(stack(), { add: [jti] }, 'ended')
    const { generation } = await publish(stack(), { add: ['10A5'] })
    expect(await fate(ended)).toBe('status 302')
    expect(files.parts().at(-1)?.[1]).toBe((await listState(stack(), 'ended')).generation)
    expect(new StateFile('revoked', files.folder).parts().at(-1)?.[1]).toBe(generation)
  })

  it('starts again with what it had, and says that it is old', async () => {
    await order(stack(), { isAway: true })
    await stack().restart('front')
    await expect.poll(() => fate(ended), PATIENCE).toBe('status 302')
    // The echo service is what is away.
    expect(await fate(going)).toMatch(/^status 50[234]$/)
    const at = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`
    const stale = new RegExp(
      `^ok, revocation list stale since ${at}, list of ended sessions stale since ${at}\n$`,
    )
    await expect.poll(() => health(stack()), PATIENCE).toEqual([200, expect.stringMatching(stale)])
    await order(stack(), { isAway: false })
    await expect.poll(() => health(stack()), PATIENCE).toEqual([200, 'ok\n'])
    expect(await fate(going)).toBe('passed')
    expect(await fate(ended)).toBe('status 302')
  })
})
