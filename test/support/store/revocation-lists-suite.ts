import { describe, expect, it } from 'vitest'
import type { RevocationList, RevokedRow, Store } from '../../../app/store/store.ts'
import { backupOf, restoreTo } from './backups.ts'
import { openAt, type StoreKind } from './place.ts'
import { DAY, holder, issued, NOON } from './rows.ts'
import { runAtOnce, Writer } from './writers.ts'

const SECOND = 1_000
const SPAN = { now: NOON, until: NOON + 60 * SECOND, after: 0 }

function list(over: Partial<RevocationList> = {}): RevocationList {
  return {
    number: 1,
    generation: 1,
    thisUpdate: NOON,
    nextUpdate: NOON + DAY,
    entries: 0,
    der: 'AAAA',
    ...over,
  }
}

async function addRow(store: Store, over: Parameters<typeof issued>[1] = {}): Promise<string> {
  const person = holder()
  const row = issued(person, over)
  await store.holders.add(person)
  await store.certificates.record(row)
  return row.serial
}

/** All pages, of two rows each. */
async function revoked(store: Store, at: number, notExpiredBefore = 0): Promise<readonly RevokedRow[]> {
  const rows: RevokedRow[] = []
  for (;;) {
    const after = rows.at(-1)
    const query = { at, notExpiredBefore, limit: 2, ...(after && { after }) }
    const page = await store.certificates.revoked(query)
    rows.push(...page)
    if (page.length < 2) return rows
  }
}

export function describeRevocationLists({ name, makePlace }: StoreKind): void {
  describe(`revocation lists in ${name}`, () => {
    it('are about what is revoked by then and has not expired before, page by page', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const row = (serial: string, revokedAt: number | null, notAfter = NOON + DAY) =>
        addRow(store, {
          serial,
          revokedAt,
          revocationReason: revokedAt === null ? null : 'superseded',
          notAfter,
        })
      await row('01', NOON)
      await row('FF', NOON)
      await row('80', NOON - 1)
      await row('0A', NOON + 1)
      await row('0B', null)
      await row('0C', NOON, NOON - DAY)
      await row('7F', NOON - 2)
      const serials = async (at: number, from?: number) =>
        (await revoked(store, at, from)).map(({ serial }) => serial)
      expect(await serials(NOON)).toEqual(['7F', '80', '01', '0C', 'FF'])
      expect(await serials(NOON, NOON - DAY)).toEqual(['7F', '80', '01', '0C', 'FF'])
      expect(await serials(NOON, NOON - DAY + 1)).toEqual(['7F', '80', '01', 'FF'])
      expect(await serials(NOON + 1, NOON)).toEqual(['7F', '80', '01', 'FF', '0A'])
      expect(await store.certificates.revoked({ at: NOON, notExpiredBefore: 0, limit: 1 })).toEqual([
        { serial: '7F', revokedAt: NOON - 2, revocationReason: 'superseded' },
      ])
    })

    it('take back a hold, and nothing else', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const { certificates } = store
      const [held, lost, replaced] = [await addRow(store), await addRow(store), await addRow(store)]
      const hold = (serial: string, at = NOON) =>
        certificates.revoke(serial, { at, reason: 'certificateHold', by: 'AA' })
      await certificates.revoke(lost, { at: NOON, reason: 'keyCompromise', by: null })
      await certificates.revoke(replaced, { at: NOON + DAY, reason: 'superseded', by: null })
      expect(await hold(held)).toBe(true)
      expect(await hold(held, NOON - 1)).toBe(false)
      expect(await hold(lost)).toBe(false)
      // The end of the hold would be the end of that as well.
      expect(await hold(replaced)).toBe(false)
      expect(await certificates.unhold(lost)).toBe(false)
      expect(await certificates.unhold(replaced)).toBe(false)
      expect(await certificates.unhold('00')).toBe(false)
      expect(await certificates.unhold(held)).toBe(true)
      const free = { revokedAt: null, revocationReason: null, revokedBy: null }
      expect(await certificates.find(held)).toMatchObject(free)
      await hold(held, NOON + 1)
      expect(await certificates.revoke(held, { at: NOON + DAY, reason: 'keyCompromise', by: 'BB' })).toBe(
        true,
      )
      const final = { revokedAt: NOON + 1, revocationReason: 'keyCompromise', revokedBy: 'BB' }
      expect(await certificates.find(held)).toMatchObject(final)
      expect(await certificates.unhold(held)).toBe(false)
      expect(await certificates.revoke(held, { at: NOON + DAY, reason: 'superseded', by: 'BB' })).toBe(false)
    })

    it.each([
      ['certificateHold', NOON, 'keyCompromise', NOON, 'keyCompromise', NOON],
      ['certificateHold', NOON, 'keyCompromise', NOON + 1, 'keyCompromise', NOON],
      ['keyCompromise', NOON + 1, 'certificateHold', NOON, 'keyCompromise', NOON],
      ['keyCompromise', NOON, 'certificateHold', NOON, 'keyCompromise', NOON],
      ['certificateHold', NOON + 1, 'certificateHold', NOON, 'certificateHold', NOON],
      ['superseded', NOON, 'keyCompromise', NOON + 1, 'superseded', NOON],
    ] as const)('%s at %i here and %s at %i in a backup is %s at %i', async (...row) => {
      const [reason, at, backupReason, backupAt, revocationReason, revokedAt] = row
      await using place = await makePlace()
      await using store = await openAt(place)
      const serial = await addRow(store, { revokedAt: at, revocationReason: reason, revokedBy: reason })
      const backup = await backupOf(place)
      const column = (text: string) => JSON.stringify(text).slice(1, -1)
      await place.tamper(
        `update certificates set revoked_at = ${backupAt}, revocation_reason = '${column(backupReason)}'`,
      )
      const changed = await backupOf(place)
      await place.tamper(
        `update certificates set revoked_at = ${at}, revocation_reason = '${column(reason)}'`,
      )
      await restoreTo(place, changed)
      await restoreTo(place, backup)
      expect(await store.certificates.find(serial)).toMatchObject({ revocationReason, revokedAt })
    })

    it('have numbers that only grow, with the clock at least', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const { begin, publish, newest, read, giveUp } = store.revocationLists
      expect(await newest()).toBeUndefined()
      expect(await read()).toBeUndefined()
      const first = await begin(SPAN)
      expect(first).toEqual({ number: NOON / SECOND, generation: 1 })
      expect(await begin(SPAN)).toBeUndefined()
      expect(await begin({ now: NOON + SECOND, until: NOON + 61 * SECOND, after: 0 })).toBeUndefined()
      await giveUp(first?.number ?? 0)
      const second = await begin(SPAN)
      expect(second?.number).toBe(NOON / SECOND + 1)
      const published = list({ ...second, der: 'x'.repeat(5_000_000), entries: 7 })
      expect(await publish(published)).toBe(true)
      expect(await read()).toEqual(published)
      const { der, ...info } = published
      expect(await newest()).toEqual(info)
      expect(der).toHaveLength(5_000_000)
      // The slower of two, or one from before a restore.
      expect(await publish(list({ ...first }))).toBe(false)
      expect(await publish(published)).toBe(false)
      expect(await read()).toEqual(published)
      const later = { now: NOON + DAY, until: NOON + DAY + SECOND }
      expect(await begin({ ...later, after: first?.number ?? 0 })).toBeUndefined()
      const third = await begin({ ...later, after: published.number })
      expect(third?.number).toBe((NOON + DAY) / SECOND)
    })

    it('are begun again when whoever began has died, or had another clock', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const { begin } = store.revocationLists
      expect(await begin(SPAN)).toBeDefined()
      expect(await begin({ ...SPAN, now: SPAN.until - 1, until: SPAN.until + SECOND })).toBeUndefined()
      expect(await begin({ ...SPAN, now: SPAN.until, until: SPAN.until + SECOND })).toBeDefined()
      expect(await begin({ ...SPAN, now: NOON - DAY, until: NOON - DAY + SECOND })).toBeDefined()
    })

    it('have the higher number of store and backup', async () => {
      await using place = await makePlace()
      await using other = await makePlace()
      await using store = await openAt(place)
      await using empty = await openAt(other, () => new Date(0))
      const { number = 0 } = (await store.revocationLists.begin(SPAN)) ?? {}
      const backup = await backupOf(place)
      expect((await restoreTo(other, backup)).changed.revocationListHead).toBe(1)
      const past = { now: SECOND, until: 2 * SECOND, after: 0 }
      expect((await empty.revocationLists.begin(past))?.number).toBe(number + 1)
      await restoreTo(other, backup)
      expect(
        (await empty.revocationLists.begin({ now: 3 * SECOND, until: 4 * SECOND, after: 0 }))?.number,
      ).toBe(number + 2)
    })

    it('have each number once, however many processes make them', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const said = (
        await runAtOnce([new Writer(place, 'list', '20'), new Writer(place, 'list', '20')])
      ).flat()
      const numbers = said.map(line => Number(line.split(' ')[0]))
      expect(new Set(numbers).size).toBe(40)
      const highest = Math.max(...numbers)
      expect(await store.revocationLists.read()).toMatchObject({ number: highest, der: String(highest) })
    })
  })
}
