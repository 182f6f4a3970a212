import { describe, expect, it } from 'vitest'
import { openAt, type StoreKind } from './place.ts'
import { holder, NOON, recorded, request } from './rows.ts'

export function describeTrouble({ name, makePlace }: StoreKind): void {
  describe(`trouble with ${name}`, () => {
    it('says that it is locked, changes nothing, and works again afterwards', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const person = holder()
      await store.holders.add(person)
      const row = recorded(person)
      const waiting = request()
      await store.requests.add(waiting)
      {
        await using _lock = await place.lock()
        const writes = await Promise.allSettled([
          store.certificates.record(row),
          store.requests.advance(waiting.id, 'waiting', { status: 'approved' }),
          store.audit.append({ event: 'TEST', at: NOON }),
          store.transaction(within => within.holders.add(holder())),
        ])
        const refused = {
          status: 'rejected',
          reason: expect.objectContaining({
            code: 'STORE_UNAVAILABLE',
            status: 503,
            message: 'The store is not available: another program keeps it locked. Try again later.',
          }),
        }
        expect(writes).toEqual([refused, refused, refused, refused])
        expect(await store.requests.find(waiting.id)).toEqual(waiting)
        await store.ping()
      }
      expect(await store.certificates.find(row.serial)).toBeUndefined()
      expect(await store.requests.find(waiting.id)).toEqual(waiting)
      expect(await store.audit.head()).toMatchObject({ sequence: 0 })
      await store.certificates.record(row)
    })

    it('refuses to be used within a transaction, which would never end', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const late = Promise.withResolvers<void>()
      let after: Promise<unknown> = Promise.resolve()
      await store.transaction(async within => {
        expect(() => store.audit.head()).toThrow('Within a transaction')
        await expect(store.transaction(async () => {})).rejects.toThrow('Within a transaction')
        expect(await within.audit.head()).toMatchObject({ sequence: 0 })
        after = late.promise.then(() => store.audit.head())
      })
      late.resolve()
      expect(await after).toMatchObject({ sequence: 0 })
    })

    it('refuses a store that a newer version has written', async () => {
      await using place = await makePlace()
      await (await openAt(place))[Symbol.asyncDispose]()
      await place.tamper(`insert into kysely_migration values ('9999_later', '2030-01-01T00:00:00.000Z')`)
      await expect(openAt(place)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('newer version'),
      })
    })
  })
}
