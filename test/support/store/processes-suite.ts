import { describe, expect, it } from 'vitest'
import { verifyChain } from '../../../pki/hash-chain.ts'
import { openAt, type StoreKind } from './place.ts'
import { holder, mail, NOON, recorded, request } from './rows.ts'
import { runAtOnce, Writer } from './writers.ts'

export function describeProcesses({ name, makePlace }: StoreKind): void {
  describe(`several processes on one store in ${name}`, () => {
    it('makes the tables once when all start at the same time', async () => {
      await using place = await makePlace()
      const said = await runAtOnce(Array.from({ length: 4 }, () => new Writer(place, 'open')))
      expect(said).toEqual([[], [], [], []])
      await using store = await openAt(place)
      expect(await store.audit.head()).toMatchObject({ sequence: 0 })
    })

    it('has one winner when 50 approve the same request at once', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const row = request()
      await store.requests.add(row)
      const writers = Array.from({ length: 5 }, () => new Writer(place, 'advance', row.id, '10'))
      const said = (await runAtOnce(writers)).flat()
      expect(said).toHaveLength(50)
      expect(said.filter(isWinner => isWinner === 'true')).toHaveLength(1)
      expect(await store.requests.find(row.id)).toMatchObject({ status: 'approved' })
    })

    it('has one winner when several add the same person at once', async () => {
      await using place = await makePlace()
      const writers = Array.from({ length: 3 }, () => new Writer(place, 'add', 'Ada', '5'))
      const said = (await runAtOnce(writers)).flat()
      expect(said.filter(what => what === 'added')).toHaveLength(1)
      const conflict = 'StoreConflict: There is one with this name already.'
      expect(said.filter(what => what === conflict)).toHaveLength(14)
    })

    it('has one chain without gap or fork when two append at once', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const said = await runAtOnce([new Writer(place, 'append', '100'), new Writer(place, 'append', '100')])
      const all = Array.from({ length: 200 }, (_, index) => index + 1)
      expect(
        said
          .flat()
          .map(Number)
          .sort((one, other) => one - other),
      ).toEqual(all)
      const events = await store.audit.list({ after: 0, limit: 1_000 })
      expect(verifyChain(events)).toEqual({ head: await store.audit.head() })
      expect(events).toHaveLength(200)
    })

    it('has one chain when one process appends at once, without transactions of its own', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const appended = Array.from({ length: 20 }, () => store.audit.append({ event: 'TEST', at: NOON }))
      await Promise.all(appended)
      const events = await store.audit.list({ after: 0, limit: 1_000 })
      expect(verifyChain(events)).toEqual({ head: await store.audit.head() })
      expect(events).toHaveLength(20)
    })

    it('hands out each mail once when several ask at once', async () => {
      await using place = await makePlace()
      await using one = await openAt(place)
      await using other = await openAt(place)
      for (let left = 40; left > 0; left--) await one.outbox.add(mail())
      const due = { now: NOON, claimUntil: NOON + 1, limit: 10 }
      const claims = Array.from({ length: 12 }, (_, index) => (index % 2 ? one : other).outbox.claim(due))
      const ids = (await Promise.all(claims)).flat().map(({ id }) => id)
      expect(new Set(ids).size).toBe(ids.length)
      // One that came second has less than it asked for, and asks again.
      const rest = await one.outbox.claim({ ...due, limit: 40 })
      expect(ids.length + rest.length).toBe(40)
    })

    it('has all that it acknowledged after kill -9', async () => {
      await using place = await makePlace()
      const acknowledged: string[] = []
      for (const lines of [1, 2, 7, 20, 41]) {
        const writer = new Writer(place, 'issue')
        await writer.isOpen()
        writer.start()
        acknowledged.push(...(await writer.killAfter(lines)))
      }
      await using store = await openAt(place)
      for (const line of acknowledged) {
        const [serial = '', state = ''] = line.split(' ')
        const row = await store.certificates.find(serial)
        expect([state, 'issued'], line).toContain(row?.state)
      }
      const events = await store.audit.list({ after: 0, limit: 100_000 })
      expect(verifyChain(events)).toEqual({ head: await store.audit.head() })
      const serials = new Set(events.map(({ record }) => JSON.parse(record).serial))
      const rows = await store.certificates.list({ now: NOON, limit: 100_000 })
      expect(new Set(rows.map(row => row.serial))).toEqual(serials)
    })

    it('waits for another transaction of the same process and does all or nothing', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      await using other = await openAt(place)
      const person = holder()
      const [inside, outside] = [recorded(person), recorded(person)]
      await store.holders.add(person)
      const started = Promise.withResolvers<void>()
      const failing = store.transaction(async within => {
        await within.certificates.record(inside)
        started.resolve()
        await within.certificates.find(inside.serial)
        throw new Error('too late')
      })
      await started.promise
      const second = other.transaction(within => within.certificates.record(outside))
      await expect(failing).rejects.toThrow('too late')
      await second
      expect(await store.certificates.find(inside.serial)).toBeUndefined()
      expect(await other.certificates.find(outside.serial)).toEqual(outside)
    })

    it('lets one transaction read what it decides by, and write, before the next begins', async () => {
      await using place = await makePlace()
      const stores = [await openAt(place), await openAt(place)] as const
      await using _one = stores[0]
      await using _other = stores[1]
      const queued = (store: (typeof stores)[number]) =>
        store.transaction(async ({ requests }) => {
          const isRoom = (await requests.countWaiting()) < 5
          if (isRoom) await requests.add(request())
          return isRoom
        })
      const done = await Promise.all(
        Array.from({ length: 20 }, (_, index) => queued(stores[index % 2 ? 1 : 0])),
      )
      expect(done.filter(Boolean)).toHaveLength(5)
    })
  })
}
