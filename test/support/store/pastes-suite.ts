import { describe, expect, it } from 'vitest'
import { openAt, type StoreKind } from './place.ts'
import { DAY, hex, NOON, paste } from './rows.ts'

export function describePastes({ name, makePlace }: StoreKind): void {
  describe(`pastes in ${name}`, () => {
    it('are given back as they were added, until they are removed', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const rows = [
        paste(),
        paste({
          owner: 'holder:1',
          ownerName: 'Ada',
          isStrangers: true,
          isPrivate: true,
          isBurning: true,
          fileName: '☃.txt',
          size: 52_428_800,
        }),
      ]
      for (const row of rows) await store.pastes.add(row)
      for (const row of rows) {
        expect(await store.pastes.find(row.id)).toEqual(row)
        expect(await store.pastes.remove(row.id)).toBe(true)
        expect(await store.pastes.remove(row.id)).toBe(false)
        expect(await store.pastes.find(row.id)).toBeUndefined()
      }
    })

    it('are listed newest first, by owner, in pages, and not after they have expired', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const rows = [0, 1, 1, 2, 3].map((later, i) =>
        paste({ createdAt: NOON + later, owner: i === 0 ? 'other' : 'ada', expiresAt: NOON + DAY + i }),
      )
      for (const row of rows) await store.pastes.add(row)
      const ids = async (query: object) =>
        (await store.pastes.list({ now: NOON, limit: 10, ...query })).map(({ id }) => id)
      const newestFirst = rows
        .toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
        .map(({ id }) => id)
      expect(await ids({})).toEqual(newestFirst)
      expect(await ids({ owner: 'ada' })).toEqual(newestFirst.slice(0, 4))
      expect(await ids({ owner: 'eve' })).toEqual([])
      expect(await ids({ limit: 2, after: newestFirst[1] ?? '' })).toEqual(newestFirst.slice(2, 4))
      expect(await ids({ after: 'unknown' })).toEqual([])
      expect(await ids({ now: NOON + DAY + 3 })).toEqual([rows[4]?.id])
    })

    it('burn once, of many at the same time', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const row = paste({ isBurning: true })
      await store.pastes.add(row)
      const readers = await Promise.all(
        Array.from({ length: 8 }, (_, i) => store.pastes.burn(row.id, NOON + i)),
      )
      expect(readers.filter(isReader => isReader)).toHaveLength(1)
      const burntAt = NOON + readers.indexOf(true)
      expect(await store.pastes.find(row.id)).toEqual({ ...row, sha256: null, burntAt })
      expect(await store.pastes.burn('unknown', NOON)).toBe(false)
    })

    it('lose their contents when they expire, and are forgotten later', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const rows = [1, 2, 3].map(i => paste({ expiresAt: NOON + i }))
      for (const row of rows) await store.pastes.add(row)
      expect(await store.pastes.expire(NOON, 10)).toEqual([])
      expect(await store.pastes.expire(NOON + 2, 1)).toEqual(rows.slice(0, 1))
      expect(await store.pastes.expire(NOON + 2, 10)).toEqual(rows.slice(1, 2))
      expect(await store.pastes.expire(NOON + 2, 10)).toEqual([])
      expect(await store.pastes.find(rows[0]?.id ?? '')).toMatchObject({ sha256: null, size: 1000 })
      await store.pastes.forget(NOON + 2)
      expect(await store.pastes.find(rows[0]?.id ?? '')).toBeUndefined()
      expect(await store.pastes.find(rows[1]?.id ?? '')).toBeDefined()
    })

    it('know which contents they have, and how much that is', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const nothing = { count: 0, octets: 0 }
      expect(await store.pastes.figures()).toEqual({ all: nothing, strangers: nothing })
      const [one = '', two = '', three = ''] = [hex(32), hex(32), hex(32)].toSorted()
      await store.pastes.add(paste({ sha256: one, isStrangers: true, size: 5 }))
      await store.pastes.add(paste({ sha256: two, size: 40_000_000_000 }))
      const twin = paste({ sha256: two, size: 3 })
      await store.pastes.add(twin)
      await store.pastes.add(paste({ sha256: null, size: 7 }))
      expect(await store.pastes.named([one, two, three])).toEqual(new Set([one, two]))
      expect(await store.pastes.contents({ after: '', limit: 10 })).toEqual([one, two])
      expect(await store.pastes.contents({ after: one, limit: 10 })).toEqual([two])
      expect(await store.pastes.contents({ after: '', limit: 1 })).toEqual([one])
      const all = { count: 3, octets: 40_000_000_008 }
      expect(await store.pastes.figures()).toEqual({ all, strangers: { count: 1, octets: 5 } })
      await store.pastes.burn(twin.id, NOON)
      expect(await store.pastes.named([two])).toEqual(new Set([two]))
      expect((await store.pastes.figures()).all.count).toBe(2)
    })
  })
}
