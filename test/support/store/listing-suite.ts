import { describe, expect, it } from 'vitest'
import type { CertificateRow, Store } from '../../../app/store/store.ts'
import { openAt, type StoreKind } from './place.ts'
import { hex, holder, issued, NOON, request } from './rows.ts'

const PEOPLE = [
  { commonName: 'Grace Hopper', organisation: 'US Navy', email: 'grace@navy.example' },
  { commonName: 'Élodie Ångström', organisation: null, email: null },
  { commonName: "100% O'Brien", organisation: 'under_score "quoted" \\ slash', email: null },
]

/** What is searched for, and whom it finds. */
const SEARCHES: readonly (readonly [string, readonly number[]])[] = [
  ['', [0, 1, 2]],
  ['GRACE h', [0]],
  ['navy', [0]],
  ['GRACE@NAVY', [0]],
  ['éLODIE å', [1]],
  ['e\u0301lodie', [1]],
  ["o'b", [2]],
  ['%', [2]],
  ['0%', [2]],
  ['_', [2]],
  ['r_s', [2]],
  ['\\', [2]],
  ['"QUOTED"', [2]],
  ['%%', []],
  ['a_e', []],
  ['gracehopper', []],
  ['hopper\nus', [0]],
  ["'; drop table certificates; --", []],
  ['\0', []],
  ['a'.repeat(100_000), []],
]

export function describeListing({ name, makePlace }: StoreKind): void {
  describe(`lists in ${name}`, () => {
    it('pages through 1,000 certificates without a gap or repeat while others are added', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const person = holder()
      await store.holders.add(person)
      // Seven to the millisecond, so that pages end within one.
      const rows = Array.from({ length: 1_000 }, (_, index) =>
        issued(person, { recordedAt: NOON + Math.floor(index / 7) }),
      )
      await store.transaction(async ({ certificates }) => {
        for (const row of rows) await certificates.record(row)
      })
      const seen: string[] = []
      for (let page = await next(store); page.length > 0; page = await next(store, page.at(-1)?.serial)) {
        expect(page.length).toBeLessThanOrEqual(90)
        seen.push(...page.map(row => row.serial))
        await store.certificates.record(issued(person, { recordedAt: NOON + 1_000 }))
      }
      expect(seen).toEqual(rows.sort(newestFirst).map(row => row.serial))
    })

    it('pages by expiry and by name, with one that is the same for several', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const people = ['ada', 'Zoe', 'Ada', 'Élodie', 'bob'].map(commonName =>
        holder({ commonName, nameKey: hex() }),
      )
      const rows = people.map((person, index) => issued(person, { notAfter: NOON + Math.floor(index / 2) }))
      for (const [index, row] of rows.entries()) {
        await store.holders.add(people[index] ?? holder())
        await store.certificates.record(row)
      }
      for (const order of ['expiry', 'name'] as const) {
        const seen: CertificateRow[] = []
        const page = async () => {
          const after = seen.at(-1)?.serial
          return await store.certificates.list({ now: NOON, order, limit: 2, ...(after && { after }) })
        }
        for (let next = await page(); next.length > 0; next = await page()) seen.push(...next)
        expect(seen.map(({ serial }) => serial).toSorted()).toEqual(
          rows.map(({ serial }) => serial).toSorted(),
        )
        const keys = seen.map(row => (order === 'expiry' ? row.notAfter : row.commonName.toLowerCase()[0]))
        if (order === 'expiry') expect(keys).toEqual([0, 0, 1, 1, 2].map(ms => NOON + ms))
        // Where É belongs is for the database to say.
        else expect(keys.filter(key => key !== 'é')).toEqual(['a', 'a', 'b', 'z'])
      }
    })

    it('lists nothing after a serial number or request that is not there', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      await store.requests.add(request())
      expect(await store.requests.list({ after: 'ff', limit: 10 })).toEqual([])
      expect(await store.certificates.list({ now: NOON, after: 'FF', limit: 10 })).toEqual([])
    })

    it('searches as people read: case does not count, and every character is itself', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const people = PEOPLE.map(holder)
      for (const person of people) {
        await store.holders.add(person)
        await store.certificates.record(issued(person))
      }
      for (const [search, expected] of SEARCHES) {
        const found = await store.certificates.list({ now: NOON, search, limit: 10 })
        const holders = people.filter(({ id }) => found.some(row => row.holderId === id))
        expect(
          holders.map(person => people.indexOf(person)),
          search.slice(0, 80),
        ).toEqual(expected)
      }
    })

    it('searches serial numbers in either case, of one holder, with one status', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const people = [holder(), holder()]
      for (const person of people) await store.holders.add(person)
      const rows = people.flatMap((person, index) => [
        issued(person, { serial: `0ABC0${index}` }),
        issued(person, { serial: `0ABC1${index}`, revokedAt: NOON, revocationReason: 'unspecified' }),
      ])
      for (const row of rows) await store.certificates.record(row)
      const search = { now: NOON, search: 'abc', limit: 10 }
      expect(await store.certificates.list(search)).toHaveLength(4)
      const holderId = people[1]?.id ?? ''
      const one = await store.certificates.list({ ...search, holderId, status: 'revoked' })
      expect(one.map(row => row.serial)).toEqual(['0ABC11'])
    })

    it('pages through requests, newest first, by status', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const rows = Array.from({ length: 30 }, (_, index) =>
        request({ requestedAt: NOON + Math.floor(index / 4), status: index % 3 ? 'waiting' : 'rejected' }),
      )
      for (const row of rows) await store.requests.add(row)
      const expected = rows
        .filter(row => row.status === 'waiting')
        .sort((one, other) => other.requestedAt - one.requestedAt || (one.id < other.id ? 1 : -1))
      const first = await store.requests.list({ status: 'waiting', limit: 7 })
      const rest = await store.requests.list({ status: 'waiting', after: first.at(-1)?.id ?? '', limit: 99 })
      expect(first).toHaveLength(7)
      expect([...first, ...rest]).toEqual(expected)
      expect(await store.requests.list({ limit: 99 })).toHaveLength(30)
    })
  })
}

function next(store: Store, after?: string): Promise<readonly CertificateRow[]> {
  return store.certificates.list({ now: NOON, limit: 90, ...(after ? { after } : {}) })
}

function newestFirst(one: CertificateRow, other: CertificateRow): number {
  return other.recordedAt - one.recordedAt || (one.serial < other.serial ? 1 : -1)
}
