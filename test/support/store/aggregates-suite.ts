import { describe, expect, it } from 'vitest'
import { StoreConflict } from '../../../app/store/store.ts'
import { CHAIN_START, verifyChain } from '../../../pki/hash-chain.ts'
import { openAt, type StoreKind } from './place.ts'
import { hex, holder, mail, NOON, request } from './rows.ts'

export function describeAggregates({ name, makePlace }: StoreKind): void {
  describe(`holders, requests, audit and the rest in ${name}`, () => {
    it('has each name once, and the transaction goes on', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const ada = holder({ commonName: 'Ada', organisation: 'Analytical', email: 'ada@example.org' })
      await store.transaction(async ({ holders }) => {
        await holders.add(ada)
        const other = holder({ nameKey: ada.nameKey, commonName: 'ADA' })
        await expect(holders.add(other)).rejects.toEqual(new StoreConflict('name'))
        expect(await holders.byNameKey(ada.nameKey)).toEqual(ada)
      })
      expect(await store.holders.find(ada.id)).toEqual(ada)
      expect(await store.holders.find('other')).toBeUndefined()
      await store.holders.add(holder({ organisation: 'Analytical' }))
      await store.holders.add(holder({ organisation: 'analytical' }))
      expect(await store.holders.countOfOrganisation('Analytical')).toBe(2)
    })

    it('advances a request from where it is only', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const row = request({ warnings: ['CA:TRUE', 'subject alternative name "dns:example.org"'], csr: 'PEM' })
      await store.requests.add(row)
      await store.requests.add(request())
      expect(await store.requests.find(row.id)).toEqual(row)
      expect(await store.requests.find('ff')).toBeUndefined()
      expect(await store.requests.countWaiting()).toBe(2)
      const decision = { status: 'approved' as const, decidedAt: NOON, decidedBy: hex() }
      expect(await store.requests.advance(row.id, 'approved', { status: 'issued' })).toBe(false)
      expect(await store.requests.advance(row.id, 'waiting', decision)).toBe(true)
      expect(await store.requests.advance(row.id, 'waiting', { status: 'rejected' })).toBe(false)
      expect(await store.requests.find(row.id)).toEqual({ ...row, ...decision })
      expect(await store.requests.countWaiting()).toBe(1)
    })

    it('does once what may happen once', async () => {
      await using place = await makePlace()
      let now = NOON
      await using store = await openAt(place, () => new Date(now))
      expect(await store.once.spend('challenge:a', NOON + 10)).toBe(true)
      expect(await store.once.spend('challenge:a', NOON + 99)).toBe(false)
      now += 5
      expect(await store.once.spend('challenge:b', NOON + 20)).toBe(true)
      expect(await store.once.spend('Challenge:c', NOON + 20)).toBe(true)
      expect(await store.once.countSince('challenge:', NOON)).toBe(2)
      expect(await store.once.countSince('challenge:', NOON + 1)).toBe(1)
      expect(await store.once.countSince('c_allenge:', NOON)).toBe(0)
      await store.once.forget(NOON + 20)
      expect(await store.once.spend('challenge:b', NOON + 30)).toBe(false)
      expect(await store.once.spend('challenge:a', NOON + 30)).toBe(true)
    })

    it('chains events; one whose transaction fails leaves no gap', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      expect(await store.audit.head()).toEqual(CHAIN_START)
      const first = await store.audit.append({ at: NOON, event: 'FIRST', sequence: 99, name: '\0 \ud800 ☃' })
      const failed = store.transaction(async ({ audit }) => {
        await audit.append({ at: NOON, event: 'FAILED' })
        throw new Error('after the event')
      })
      await expect(failed).rejects.toThrow('after the event')
      const second = await store.audit.append({ at: NOON, event: 'SECOND', actor: { z: 1, a: null } })
      expect(second).toMatchObject({
        sequence: 2,
        previousHash: first.hash,
        record: `{"actor":{"a":null,"z":1},"at":${NOON},"event":"SECOND","sequence":2}`,
      })
      const events = await store.audit.list({ after: 0, limit: 10 })
      expect(events).toEqual([first, second])
      expect(verifyChain(events)).toEqual({ head: await store.audit.head() })
      expect(await store.audit.list({ after: 1, limit: 10 })).toEqual([second])
      expect(await store.audit.list({ after: 0, limit: 1 })).toEqual([first])
      expect(await store.audit.before({ sequence: 3, limit: 10 })).toEqual([second, first])
      expect(await store.audit.before({ sequence: 3, limit: 1 })).toEqual([second])
      expect(await store.audit.before({ sequence: 2, limit: 10 })).toEqual([first])
    })

    it('hands out a mail to one at a time, until it is sent', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const attachments = [{ filename: 'ada.crt', contentType: 'application/pkix-cert', content: 'AA==' }]
      const first = mail({ attachments })
      const later = mail({ nextAttemptAt: NOON + 10 })
      expect(await store.outbox.add(first)).toBe(true)
      expect(await store.outbox.add(mail({ key: first.key }))).toBe(false)
      await store.outbox.add(later)
      const claim = (now: number) => store.outbox.claim({ now, claimUntil: now + 5, limit: 10 })
      expect(await claim(NOON)).toEqual([{ ...first, nextAttemptAt: NOON + 5 }])
      expect(await claim(NOON)).toEqual([])
      await store.outbox.failed(first.id, { error: 'refused', nextAttemptAt: NOON + 7 })
      expect(await claim(NOON + 6)).toEqual([])
      expect(await claim(NOON + 7)).toMatchObject([{ id: first.id, attempts: 1, lastError: 'refused' }])
      await store.outbox.sent(first.id, NOON + 8)
      expect(await claim(NOON + 99)).toMatchObject([{ id: later.id, attempts: 0 }])
      await store.outbox.add(mail({ nextAttemptAt: NOON + 200 }))
      await store.outbox.add(mail({ nextAttemptAt: NOON + 200 }))
      expect(await store.outbox.claim({ now: NOON + 200, claimUntil: NOON + 300, limit: 1 })).toHaveLength(1)
    })

    it('keeps the first value of a setting', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      expect(await store.settings.ensure('key', 'first')).toBe('first')
      expect(await store.settings.ensure('key', 'second')).toBe('first')
    })
  })
}
