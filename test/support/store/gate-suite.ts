import { describe, expect, it } from 'vitest'
import type { GateSession, GateUser } from '../../../app/store/gate-store.ts'
import { type Store, StoreConflict } from '../../../app/store/store.ts'
import { openAt, type StoreKind } from './place.ts'
import { DAY, gateSession, gateUser, hex, holder, issued, NOON } from './rows.ts'
import { runAtOnce, Writer } from './writers.ts'

const ADA = { commonName: 'Ada', nameKey: 'ada' }

export function describeGate({ name, makePlace }: StoreKind): void {
  async function withAda(store: Store, over: Partial<GateUser> = {}, hashes = [hex(32), hex(32)]) {
    const person = holder(ADA)
    const user = gateUser(person, over)
    await store.holders.add(person)
    await store.gate.users.add(user, hashes)
    return { person, user, hashes }
  }

  describe(`users of the gate in ${name}`, () => {
    it('are one for a person, until they are removed', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const { users } = store.gate
      const { person, user } = await withAda(store)
      const found = { ...user, name: 'Ada' }
      expect(await users.find(user.id)).toEqual(found)
      expect(await users.byHolder(person.id)).toEqual(found)
      expect(await users.byNameKey('ada')).toEqual(found)
      expect(await users.byNameKey('Ada')).toBeUndefined()
      await store.transaction(async within => {
        const second = within.gate.users.add(gateUser(person), [hex(32)])
        await expect(second).rejects.toEqual(new StoreConflict('gate user'))
        expect(await within.gate.users.byHolder(person.id)).toEqual(found)
      })
      expect(await users.remove(user.id, NOON)).toBe(true)
      expect(await users.remove(user.id, NOON)).toBe(false)
      expect(await users.byHolder(person.id)).toBeUndefined()
      expect(await users.byNameKey('ada')).toBeUndefined()
      expect(await users.find(user.id)).toEqual({ ...found, secret: '', removedAt: NOON })
      expect(await users.wasOne(person.id)).toBe(true)
      expect(await users.wasOne(holder().id)).toBe(false)
      await users.add(gateUser(person), [hex(32)])
    })

    it('take a later step only, and nobody who was removed takes any', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const { users } = store.gate
      const { user } = await withAda(store, { lastStep: 7 })
      expect(await users.advance(user.id, 7, NOON)).toBe(false)
      expect(await users.advance(user.id, 6, NOON)).toBe(false)
      expect(await users.advance(user.id, 8, NOON + 1)).toBe(true)
      expect(await users.advance('nobody', 9, NOON)).toBe(false)
      expect(await users.find(user.id)).toMatchObject({ lastStep: 8, lastLoginAt: NOON + 1 })
      await users.remove(user.id, NOON)
      expect(await users.advance(user.id, 9, NOON)).toBe(false)
    })

    it('have recovery codes of their own, each good once', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const { users } = store.gate
      const { user, hashes } = await withAda(store)
      const [hash = ''] = hashes
      expect(await users.recoveryCodesLeft(user.id)).toBe(2)
      expect(await users.recover('other', hash, NOON)).toBe(false)
      expect(await users.recover(user.id, hash.toLowerCase(), NOON)).toBe(false)
      expect(await users.recover(user.id, hash, NOON)).toBe(true)
      expect(await users.recover(user.id, hash, NOON)).toBe(false)
      expect(await users.recoveryCodesLeft(user.id)).toBe(1)
      expect(await users.find(user.id)).toMatchObject({ lastLoginAt: NOON })
      await users.remove(user.id, NOON)
      expect(await users.recover(user.id, hashes[1] ?? '', NOON)).toBe(false)
    })

    it('are listed with what they have, some at a time', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const { user } = await withAda(store)
      const [other, gone] = [holder(), holder()]
      for (const person of [other, gone]) await store.holders.add(person)
      await store.gate.users.add(gateUser(other), [hex(32)])
      const removed = gateUser(gone)
      await store.gate.users.add(removed, [hex(32)])
      await store.gate.users.remove(removed.id, NOON)
      for (const over of [{}, {}, { endedAt: NOON }, { expiresAt: NOON }])
        await store.gate.sessions.open(gateSession(user, over))
      const all = await store.gate.users.list({ now: NOON, after: '', limit: 10 })
      expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).toSorted())
      expect(all).toHaveLength(2)
      const expected = { ...user, name: 'Ada', recoveryCodesLeft: 2, sessions: 2 }
      expect(all.find(({ id }) => id === user.id)).toEqual(expected)
      const [first] = all
      const rest = await store.gate.users.list({ now: NOON, after: first?.id ?? '', limit: 1 })
      expect(rest).toEqual(all.slice(1))
    })

    it.each([
      ['advance', '7'],
      ['recover', ''],
    ])('have one winner when many bring the same at once, from several processes: %s', async (task, step) => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const { user, hashes } = await withAda(store)
      const words = [user.id, task === 'advance' ? step : (hashes[0] ?? '')]
      const writers = Array.from({ length: 4 }, () => new Writer(place, `gate-${task}`, ...words))
      const said = (await runAtOnce(writers)).flat()
      expect(said).toHaveLength(40)
      expect(said.filter(isWinner => isWinner === 'true')).toHaveLength(1)
    })
  })

  describe(`what users and sessions depend on in ${name}`, () => {
    const REVOKED = { at: NOON - 1, reason: 'keyCompromise', by: null } as const

    it('nothing, when they were not set up with a certificate', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const { user } = await withAda(store)
      expect(await store.gate.users.isGood(user.id, NOON)).toBe(true)
      expect(await store.gate.users.isGood('nobody', NOON)).toBe(false)
    })

    it('their certificate, and a valid one of the same person', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const person = holder(ADA)
      await store.holders.add(person)
      const [own, successor] = [issued(person), issued(person, { notAfter: NOON + 200 * DAY })]
      for (const row of [own, successor]) await store.certificates.record(row)
      const user = gateUser(person, { serial: own.serial })
      await store.gate.users.add(user, [hex(32)])
      const session = gateSession(user, { expiresAt: NOON + 999 * DAY })
      await store.gate.sessions.open(session)
      const { revoke, unhold } = store.certificates
      async function isGood(now = NOON): Promise<boolean> {
        const seen = await store.gate.users.isGood(user.id, now)
        expect((await store.gate.sessions.find(session.id, now)) !== undefined).toBe(seen)
        expect((await store.gate.sessions.orphans(now)).length === 0).toBe(seen)
        return seen
      }
      expect(await isGood()).toBe(true)
      expect(await isGood(NOON + 100 * DAY)).toBe(true)
      expect(await isGood(NOON + 200 * DAY)).toBe(false)
      await revoke(own.serial, { ...REVOKED, reason: 'certificateHold' })
      expect(await isGood()).toBe(false)
      await unhold(own.serial)
      await revoke(own.serial, { ...REVOKED, at: NOON + 7 * DAY, reason: 'superseded' })
      expect(await isGood(NOON + 8 * DAY)).toBe(true)
      await revoke(successor.serial, { ...REVOKED, at: NOON + 8 * DAY })
      expect(await isGood(NOON + 8 * DAY - 1)).toBe(true)
      expect(await isGood(NOON + 8 * DAY)).toBe(false)
    })

    it('their own certificate, whatever others the person has', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const person = holder(ADA)
      await store.holders.add(person)
      const [own, other] = [issued(person), issued(person)]
      for (const row of [own, other]) await store.certificates.record(row)
      const user = gateUser(person, { serial: own.serial })
      await store.gate.users.add(user, [hex(32)])
      const session = gateSession(user)
      await store.gate.sessions.open(session)
      await store.certificates.revoke(own.serial, REVOKED)
      expect(await store.gate.users.isGood(user.id, NOON)).toBe(false)
      expect(await store.gate.sessions.orphans(NOON, own)).toEqual([{ id: session.id, name: 'Ada' }])
      expect(await store.gate.sessions.orphans(NOON, issued(holder()))).toEqual([])
    })

    it('a session: the certificate that was presented at the login as well', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const { person, user } = await withAda(store)
      const [revoked, superseded] = [issued(person), issued(person)]
      for (const row of [revoked, superseded]) await store.certificates.record(row)
      const sessions = [revoked, superseded].map(({ serial }) => gateSession(user, { serial }))
      for (const session of [...sessions, gateSession(user)]) await store.gate.sessions.open(session)
      await store.certificates.revoke(revoked.serial, REVOKED)
      await store.certificates.revoke(superseded.serial, { ...REVOKED, reason: 'superseded' })
      const found = await Promise.all(sessions.map(({ id }) => store.gate.sessions.find(id, NOON)))
      expect(found.map(session => session?.serial)).toEqual([undefined, superseded.serial])
      const orphan = { id: sessions[0]?.id, name: 'Ada' }
      expect(await store.gate.sessions.orphans(NOON)).toEqual([orphan])
      expect(await store.gate.sessions.orphans(NOON, revoked)).toEqual([orphan])
      expect(await store.gate.sessions.orphans(NOON, { ...superseded, holderId: 'x' })).toEqual([])
    })
  })

  describe(`sessions in ${name}`, () => {
    it('are found until they end, and renewed to a later time only', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const { sessions } = store.gate
      const { person, user } = await withAda(store)
      const session = gateSession(user)
      await sessions.open(session)
      const { endedAt: _, ...open } = session
      const found = { ...open, name: 'Ada', means: 'invitation', holderId: person.id }
      expect(await sessions.find(session.id, NOON)).toEqual(found)
      expect(await sessions.find(session.id, session.expiresAt - 1)).toEqual(found)
      expect(await sessions.find(session.id, session.expiresAt)).toBeUndefined()
      const later = session.tokenExpiresAt + 1
      for (const to of [later, session.tokenExpiresAt])
        expect(await sessions.extend(session.id, to)).toBe(true)
      expect(await sessions.find(session.id, NOON)).toMatchObject({ tokenExpiresAt: later })
      expect(await sessions.end({ id: session.id }, NOON)).toEqual([session.id])
      expect(await sessions.end({ id: session.id }, NOON)).toEqual([])
      expect(await sessions.find(session.id, NOON)).toBeUndefined()
      expect(await sessions.extend(session.id, later + 1)).toBe(false)
    })

    it('of one user end together, and of nobody else; those of a removed one are closed', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const { sessions, users } = store.gate
      const { user } = await withAda(store)
      const person = holder()
      await store.holders.add(person)
      const other = gateUser(person)
      await users.add(other, [hex(32)])
      const own: GateSession[] = [gateSession(user), gateSession(user), gateSession(user, { endedAt: NOON })]
      const foreign = gateSession(other)
      for (const session of [...own, foreign]) await sessions.open(session)
      const ended = await sessions.end({ userId: user.id }, NOON)
      expect(ended.toSorted()).toEqual(
        own
          .slice(0, 2)
          .map(({ id }) => id)
          .toSorted(),
      )
      expect(await sessions.find(foreign.id, NOON)).toBeDefined()
      await users.remove(other.id, NOON)
      expect(await sessions.find(foreign.id, NOON)).toBeUndefined()
    })

    it('are forgotten when they and their tokens have expired', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const { sessions } = store.gate
      const { user } = await withAda(store)
      const rows = [
        gateSession(user, { expiresAt: NOON - 1, tokenExpiresAt: NOON - 1 }),
        gateSession(user, { expiresAt: NOON - 1, tokenExpiresAt: NOON }),
        gateSession(user, { expiresAt: NOON, tokenExpiresAt: NOON - 1 }),
      ]
      for (const row of rows) await sessions.open(row)
      await sessions.forget(NOON)
      const found = await Promise.all(rows.map(({ id }) => sessions.find(id, NOON - 2)))
      expect(found.map(Boolean)).toEqual([false, true, true])
    })
  })

  describe(`set-ups, invitations and delays in ${name}`, () => {
    it('a set-up is taken once, in its time', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const { setups } = store.gate
      const setup = {
        id: hex(32),
        means: 'invitation',
        name: 'Ada',
        fingerprint256: null,
        invitation: hex(32),
        secret: 'sealed',
        expiresAt: NOON + 1,
      } as const
      await setups.add(setup)
      expect(await setups.find(setup.id, NOON)).toEqual(setup)
      expect(await setups.find(setup.id, NOON + 1)).toBeUndefined()
      expect(await setups.take(setup.id, NOON + 1)).toBe(false)
      expect(await setups.take(setup.id, NOON)).toBe(true)
      expect(await setups.take(setup.id, NOON)).toBe(false)
      await setups.add(setup)
      await setups.forget(NOON + 1)
      expect(await setups.find(setup.id, NOON)).toEqual(setup)
      await setups.forget(NOON + 2)
      expect(await setups.find(setup.id, NOON)).toBeUndefined()
    })

    it('an invitation stands in the place of an earlier one for the same name', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const { invitations } = store.gate
      const first = { hash: hex(32), name: 'Ada', nameKey: 'ada', holderId: null, expiresAt: NOON + 1 }
      const second = { ...first, hash: hex(32), name: 'ADA', holderId: 'x' }
      const other = { ...first, hash: hex(32), nameKey: 'eve' }
      for (const row of [first, second, other]) await invitations.add(row)
      expect(await invitations.find(first.hash, NOON)).toBeUndefined()
      expect(await invitations.find(second.hash, NOON)).toEqual(second)
      expect(await invitations.find(second.hash, NOON + 1)).toBeUndefined()
      const open = await invitations.list({ now: NOON, limit: 10 })
      expect(new Set(open)).toEqual(new Set([second, other]))
      expect(await invitations.list({ now: NOON + 1, limit: 10 })).toEqual([])
      await invitations.take(second.hash)
      expect(await invitations.find(second.hash, NOON)).toBeUndefined()
      await invitations.forget(NOON + 2)
      expect(await invitations.find(other.hash, NOON)).toBeUndefined()
    })

    it('delays are found by key until they are forgotten', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const { delays } = store.gate
      const row = { key: 'user:a', failures: 1, delayedUntil: NOON, forgetAt: NOON + 1 }
      await delays.put(row)
      await delays.put({ ...row, failures: 2 })
      await delays.put({ ...row, key: 'address:b' })
      expect(await delays.find(['user:a', 'user:b'], NOON)).toEqual([{ ...row, failures: 2 }])
      expect(await delays.find(['user:a'], NOON + 1)).toEqual([])
      await delays.drop('user:a')
      await delays.forget(NOON + 2)
      expect(await delays.find(['user:a', 'address:b'], NOON)).toEqual([])
    })
  })
}
