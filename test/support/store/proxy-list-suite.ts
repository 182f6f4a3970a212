import { setImmediate as othersTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { ListedRow, Store } from '../../../app/store/store.ts'
import { backupOf, linesOf, restoreTo, sealed } from './backups.ts'
import { openAt, type StoreKind, type StorePlace } from './place.ts'
import { DAY, holder, issued, NOON } from './rows.ts'
import { runAtOnce, Writer } from './writers.ts'

const SECOND = 1_000
const CLOCK = NOON / SECOND

async function addRow(store: Store, over: Parameters<typeof issued>[1] = {}): Promise<string> {
  const person = holder()
  const row = issued(person, over)
  await store.holders.add(person)
  await store.certificates.record(row)
  return row.serial
}

const REVOKED = { revokedAt: NOON, revocationReason: 'superseded' } as const

function revoke(store: Store, serial: string, reason: 'superseded' | 'certificateHold' = 'superseded') {
  return store.certificates.revoke(serial, { at: NOON, reason, by: null })
}

/** Pages of two rows. @param meanwhile happens after the first */
async function pages(
  { proxyList }: Store,
  change: 'listed' | 'unlisted',
  { from, to }: { from: number; to: number },
  meanwhile: () => Promise<unknown> = async () => {},
): Promise<string[]> {
  const serials: string[] = []
  let after: ListedRow | undefined = { generation: from + 1, entry: '' }
  while (after) {
    const rows: readonly ListedRow[] = await proxyList.changes({ change, after, upTo: to, limit: 2 })
    if (serials.length === 0) await meanwhile()
    serials.push(...rows.map(({ entry }) => entry))
    after = rows.at(-1)
  }
  return serials
}

/** What a proxy does: it asks for what is new, and applies that to what it has. */
class Follower {
  readonly refused = new Set<string>()
  generation = 0

  async follow(store: Store, meanwhile?: () => Promise<unknown>): Promise<this> {
    const range = { from: this.generation, to: await store.proxyList.generation() }
    const [listed, unlisted] = [
      await pages(store, 'listed', range, meanwhile),
      await pages(store, 'unlisted', range),
    ]
    const changed = [...listed, ...unlisted]
    expect(new Set(changed).size, 'a serial number occurs once').toBe(changed.length)
    for (const serial of listed) this.refused.add(serial)
    for (const serial of unlisted) this.refused.delete(serial)
    this.generation = range.to
    return this
  }
}

async function refused(store: Store): Promise<string[]> {
  const { refused } = await new Follower().follow(store)
  return [...refused].toSorted()
}

/** A store whose clock is the test's. */
async function atNoon({ makePlace }: StoreKind) {
  const place = await makePlace()
  const clock = { now: NOON }
  const store = await openAt(place, () => new Date(clock.now))
  return {
    place,
    store,
    clock,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await place[Symbol.asyncDispose]()
    },
  }
}

// Whatever refers to another comes before it.
const LATER_TABLES = [
  'pastes',
  'gate_recovery_codes',
  'gate_sessions',
  'gate_users',
  'gate_ended_head',
  'gate_setups',
  'gate_invitations',
  'gate_delays',
]
const LATER_INDEXES = ['certificates_by_name', 'certificates_by_expiry', 'certificates_issued']

export function describeProxyList(kind: StoreKind): void {
  describe(`the list for proxies in ${kind.name}`, () => {
    it('is there from the start, so that a proxy knows that nobody is on it', async () => {
      await using lab = await atNoon(kind)
      expect(await lab.store.proxyList.generation()).toBeGreaterThan(0)
      expect(await refused(lab.store)).toEqual([])
    })

    it('has who is revoked, in the same transaction, until the end of a hold', async () => {
      await using lab = await atNoon(kind)
      const { store } = lab
      const [lost, held] = [await addRow(store, { serial: '00FF' }), await addRow(store, { serial: '80' })]
      const follower = await new Follower().follow(store)
      await revoke(store, lost)
      expect([...(await follower.follow(store)).refused]).toEqual([lost])
      expect(follower.generation).toBe(CLOCK)
      await revoke(store, held, 'certificateHold')
      expect(await refused(store)).toEqual([lost, held])
      await store.certificates.unhold(held)
      expect([...(await follower.follow(store)).refused]).toEqual([lost])
      await revoke(store, held, 'certificateHold')
      expect([...(await follower.follow(store)).refused]).toEqual([lost, held])
      const failing = store.transaction(async within => {
        await within.certificates.unhold(held)
        throw new Error('not done')
      })
      await expect(failing).rejects.toThrow('not done')
      expect([...(await follower.follow(store)).refused]).toEqual([lost, held])
    })

    it('has a new generation for whatever changes a revocation, and for nothing else', async () => {
      await using lab = await atNoon(kind)
      const { store } = lab
      const serial = await addRow(store)
      const generations: number[] = []
      const after = async (change: Promise<unknown>) => {
        await change
        generations.push(await store.proxyList.generation())
      }
      await after(revoke(store, serial, 'certificateHold'))
      await after(revoke(store, serial, 'certificateHold'))
      await after(store.certificates.unhold(serial))
      await after(store.certificates.unhold(serial))
      await after(revoke(store, serial, 'certificateHold'))
      // For good: nothing to do for proxies, and something to say for a certificate revocation list.
      await after(revoke(store, serial))
      await after(revoke(store, serial))
      await after(store.proxyList.refresh())
      expect(generations.map(generation => generation - CLOCK)).toEqual([0, 0, 1, 1, 2, 3, 3, 3])
      lab.clock.now += 60 * SECOND
      await after(revoke(store, await addRow(store)))
      expect(generations.at(-1)).toBe(CLOCK + 60)
    })

    it('has who was replaced when his time has come, and not before', async () => {
      await using lab = await atNoon(kind)
      const { store, clock } = lab
      const serial = await addRow(store)
      await store.certificates.revoke(serial, { at: NOON + SECOND, reason: 'superseded', by: null })
      clock.now += SECOND - 1
      await store.proxyList.refresh()
      expect(await store.proxyList.generation()).toBe(1)
      expect(await refused(store)).toEqual([])
      clock.now += 1
      await store.proxyList.refresh()
      expect(await refused(store)).toEqual([serial])
      expect(await store.proxyList.generation()).toBe(CLOCK + 1)
    })

    it('has who has expired for two days more, whatever the clock of a proxy, and not again', async () => {
      await using lab = await atNoon(kind)
      const { store, clock } = lab
      const serial = await addRow(store, { notAfter: NOON })
      const old = await addRow(store, { notAfter: NOON - DAY - 1 })
      await revoke(store, serial)
      await revoke(store, old)
      const follower = await new Follower().follow(store)
      expect([...follower.refused]).toEqual([serial])
      clock.now += 2 * DAY
      await store.proxyList.refresh()
      expect(await refused(store)).toEqual([serial])
      clock.now += 1
      await store.proxyList.refresh()
      expect(await refused(store)).toEqual([])
      expect([...(await follower.follow(store)).refused]).toEqual([])
      // As another process with another clock sees it.
      clock.now -= 60 * SECOND
      await store.proxyList.refresh()
      expect(await refused(store)).toEqual([])
    })

    it('loses nothing that changes while its pages are read', async () => {
      await using lab = await atNoon(kind)
      const { store } = lab
      const serials: string[] = []
      for (let left = 7; left > 0; left--) serials.push(await addRow(store))
      for (const serial of serials) await revoke(store, serial, 'certificateHold')
      const [first = '', , , , fifth = '', sixth = '', last = ''] = serials
      const late = await addRow(store)
      const follower = new Follower()
      await follower.follow(store, async () => {
        await revoke(store, late)
        for (const serial of [first, fifth, sixth, last]) await store.certificates.unhold(serial)
        await revoke(store, sixth)
      })
      await follower.follow(store)
      expect([...follower.refused].toSorted()).toEqual(await refused(store))
      expect(follower.refused).toContain(late)
      expect(follower.refused).toContain(sixth)
      expect(follower.refused).not.toContain(fifth)
    })

    it('has generations at least as high as a proxy says that there were', async () => {
      await using lab = await atNoon(kind)
      const { proxyList } = lab.store
      await proxyList.raise(CLOCK + DAY)
      await proxyList.raise(CLOCK)
      expect(await proxyList.generation()).toBe(CLOCK + DAY)
      await revoke(lab.store, await addRow(lab.store))
      expect(await proxyList.generation()).toBe(CLOCK + DAY + 1)
    })

    it('has each generation once and every revocation, however many processes revoke', async () => {
      await using lab = await atNoon(kind)
      const { store, place } = lab
      const serials: string[] = []
      for (let left = 40; left > 0; left--) serials.push(await addRow(store))
      const writers = [0, 20].map(start => new Writer(place, 'revoke', ...serials.slice(start, start + 20)))
      const follower = new Follower()
      let isDone = false
      const revoking = runAtOnce(writers).finally(() => {
        isDone = true
      })
      while (!isDone) {
        await follower.follow(store)
        await othersTurn()
      }
      const said = (await revoking).flat().map(line => line.split(' '))
      const generations = said.map(([, generation]) => generation)
      expect(new Set(generations).size).toBe(40)
      await follower.follow(store)
      expect([...follower.refused].toSorted()).toEqual(serials.toSorted())
    })

    it('has every revocation that was acknowledged before a kill -9', async () => {
      await using lab = await atNoon(kind)
      const serials: string[] = []
      for (let left = 30; left > 0; left--) serials.push(await addRow(lab.store))
      const writer = new Writer(lab.place, 'revoke', ...serials)
      await writer.isOpen()
      writer.start()
      const said = await writer.killAfter(5)
      const listed = await refused(lab.store)
      for (const line of said) {
        const [serial, generation] = line.split(' ')
        expect(listed).toContain(serial)
        expect(await lab.store.proxyList.generation()).toBeGreaterThanOrEqual(Number(generation))
      }
    })
  })

  it(`an earlier version's store in ${kind.name} gets a list with all that was revoked`, async () => {
    await using lab = await atNoon(kind)
    const serial = await addRow(lab.store, REVOKED)
    // And what later versions have made.
    for (const table of LATER_TABLES) await lab.place.tamper(`drop table ${table}`)
    for (const index of LATER_INDEXES) await lab.place.tamper(`drop index ${index}`)
    await lab.place.tamper(`
      delete from kysely_migration where name >= '0003';
      drop index certificates_listed; drop index certificates_unlisted;
      drop index certificates_joining; drop index certificates_leaving;
      alter table certificates drop column listed; alter table certificates drop column unlisted;
      alter table revocation_list_head rename column generation to changes;
      alter table revocation_lists rename column generation to changes;
      update revocation_list_head set changes = 7;
    `)
    await using store = await openAt(lab.place)
    expect(await store.proxyList.generation()).toBe(7)
    await store.proxyList.refresh()
    expect(await refused(store)).toEqual([serial])
  })

  describe(`the list for proxies after a restore to ${kind.name}`, () => {
    async function filled(place: StorePlace, now = NOON): Promise<string> {
      await using store = await openAt(place, () => new Date(now))
      const serial = await addRow(store)
      await revoke(store, serial)
      return serial
    }

    it('has who is revoked in the backup, as news to all who follow', async () => {
      await using other = await kind.makePlace()
      await using lab = await atNoon(kind)
      const here = await filled(lab.place)
      // More than a change each second, so that its generations are ahead of the clock.
      await filled(other)
      await filled(other)
      const there = await filled(other)
      const backup = await backupOf(other)
      const follower = await new Follower().follow(lab.store)
      await restoreTo(lab.place, backup)
      await follower.follow(lab.store)
      expect(follower.refused).toContain(there)
      expect(follower.refused).toContain(here)
      expect(follower.refused.size).toBe(4)
      expect(follower.generation).toBe(CLOCK + 3)
      await restoreTo(lab.place, backup)
      expect(await lab.store.proxyList.generation()).toBe(follower.generation)
    })

    it('has again whose hold was ended after the backup', async () => {
      await using lab = await atNoon(kind)
      const { store, place } = lab
      const serial = await addRow(store)
      await revoke(store, serial, 'certificateHold')
      const backup = await backupOf(place)
      await store.certificates.unhold(serial)
      const follower = await new Follower().follow(store)
      expect([...follower.refused]).toEqual([])
      await restoreTo(place, backup)
      expect([...(await follower.follow(store)).refused]).toEqual([serial])
    })

    it('takes a backup of before there was a list', async () => {
      await using other = await kind.makePlace()
      await using lab = await atNoon(kind)
      const serial = await addRow(lab.store, REVOKED)
      const lines = linesOf(await backupOf(lab.place))
      const before = lines.map(line =>
        line.revocationListHead ? { revocationListHead: { id: 1, number: 7 } } : line,
      )
      await restoreTo(other, sealed(before))
      await using store = await openAt(other)
      expect(await refused(store)).toEqual([serial])
    })
  })
}
