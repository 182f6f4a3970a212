// However many are revoked, and however fast: they are refused, and nobody else notices.
import { chownSync } from 'node:fs'
import { Agent } from 'node:https'
import { setInterval } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '../../app/store/open-store.ts'
import { containerOwner } from '../../scripts/compose-env.ts'
import { person } from '../support/ask.ts'
import { eventually } from '../support/eventually.ts'
import { type Fate, fate } from '../support/fate.ts'
import { fronts, proxies } from '../support/fronts.ts'
import { temporaryFolder } from '../support/lab.ts'
import { order, publish } from '../support/list-control.ts'
import { type Issued, issue, revoke } from '../support/operator.ts'
import { holderOf } from '../support/serial-holder.ts'
import { useStack } from '../support/stack.ts'
import { DAY, holder, issued } from '../support/store/rows.ts'
import { type Traffic, trafficDuring } from '../support/traffic.ts'

const MANY = 100_000
/** What issue #4 asks for. */
const PER_SECOND = 50
const VICTIMS = 100

function expectOnlyPassed({ passed, failures }: Traffic): void {
  expect(failures).toEqual([])
  expect(Object.keys(passed).length).toBeGreaterThan(3)
}

describe.each(proxies)('$name with many revoked ones', proxy => {
  const stack = useStack(proxy, { backend: 'list' })

  it('refuses them and nobody else, from when they come, and after a restart without the application', async () => {
    const lost = await holderOf('10A5')
    // The first of those that the list is filled with.
    const filler = await holderOf('899621A74490FD22986FDA5712AE8311')
    await publish(stack(), { generation: 5 })
    const traffic = await trafficDuring(stack(), async () => {
      await publish(stack(), { fill: MANY })
      await publish(stack(), { add: ['10A5'] })
    })
    expectOnlyPassed(traffic)
    expect(await fate(stack(), lost)).toBe('revoked')
    expect(await fate(stack(), filler)).toBe('revoked')
    expect(await fate(stack(), person('grace'))).toBe('passed')

    await order(stack(), { always: 'status 500' })
    await stack().restart('front')
    await eventually(() => fate(stack(), lost).catch(String), 'revoked')
    expect(await fate(stack(), filler)).toBe('revoked')
    expect(await fate(stack(), person('grace'))).toBe('passed')
  })
})

describe.each(proxies.slice(0, 1))('$name with many that the application has revoked', proxy => {
  const folder = temporaryFolder()
  afterAll(() => folder[Symbol.dispose]())

  beforeAll(async () => {
    const url = `sqlite:${folder.path}/gatehouse.sqlite`
    await using store = await openStore({ url, now: () => new Date() })
    const somebody = holder()
    const now = Date.now()
    const gone = { notAfter: now + DAY, revokedAt: now, revocationReason: 'superseded' } as const
    await store.holders.add(somebody)
    await store.transaction(async within => {
      for (let i = 0; i < MANY; i++) await within.certificates.record(issued(somebody, gone))
    })
    const { uid, gid } = containerOwner()
    for (const path of [folder.path, `${folder.path}/gatehouse.sqlite`]) chownSync(path, uid, gid)
  })
  const stack = useStack(proxy, { store: folder.path })

  it('refuses one more at once', async () => {
    const { serial, keys } = await issue(stack(), 'Bob')
    expect(await fate(stack(), keys)).toBe('passed')
    expect(await revoke(stack(), serial)).toMatchObject([{ refused_after_ms: expect.any(Number) }])
    expect(await fate(stack(), keys)).toBe('revoked')
    const line = await stack().log.line(
      text => text.includes('"list":"revoked"') && text.includes(`${MANY + 1}`),
    )
    expect(JSON.parse(line)).toMatchObject({ state: 'current', entries: MANY + 1 })
  })
})

describe.each(fronts)('$name while many are revoked', front => {
  const stack = useStack(front)
  const refused: Fate = front.name === 'direct' ? 'revoked by the application' : 'revoked'

  it('refuses each of them, and nobody else', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 10 })
    const victims: Issued[] = []
    while (victims.length < VICTIMS) victims.push(await issue(stack(), `Victim ${victims.length}`, agent))
    const revocations: Promise<unknown>[] = []
    const traffic = await trafficDuring(stack(), async () => {
      const ticks = setInterval(1000 / PER_SECOND)[Symbol.asyncIterator]()
      for (const { serial } of victims) {
        await ticks.next()
        revocations.push(revoke(stack(), serial, { agent }))
      }
      await ticks.return?.()
      await Promise.all(revocations)
    })
    agent.destroy()
    expectOnlyPassed(traffic)
    for (const { keys } of victims) expect(await fate(stack(), keys)).toBe(refused)
  })
})
