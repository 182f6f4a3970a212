import { describe, expect, it } from 'vitest'
import { openAt, type StoreKind } from './place.ts'
import { DAY, holder, issued, NOON, recorded } from './rows.ts'

export function describeFigures({ name, makePlace }: StoreKind): void {
  describe(`figures in ${name}`, () => {
    it('counts what belongs to each slot: its first millisecond, and not that of the next', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const person = holder()
      await store.holders.add(person)
      const revocation = { revokedAt: NOON + DAY, revocationReason: 'superseded' } as const
      const rows = [
        issued(person, { issuedAt: NOON, notAfter: NOON + 2 * DAY - 1 }),
        issued(person, { issuedAt: NOON + DAY - 1, notAfter: NOON + 2 * DAY }),
        issued(person, { issuedAt: NOON + DAY, notAfter: NOON + 2 * DAY, ...revocation }),
        issued(person, { issuedAt: NOON - 1, notAfter: NOON + 3 * DAY }),
        recorded(person, { notAfter: NOON + DAY }),
      ]
      for (const row of rows) await store.certificates.record(row)
      const span = { from: NOON, slotMs: DAY, slots: 3 }
      expect(await store.figures.issued(span)).toEqual([2, 1, 0])
      expect(await store.figures.revoked(span)).toEqual([0, 1, 0])
      // One whose revocation lies ahead is still good.
      expect(await store.figures.expiring(span, NOON)).toEqual([0, 1, 2])
      expect(await store.figures.expiring(span, NOON + DAY)).toEqual([0, 1, 1])
    })
  })
}
