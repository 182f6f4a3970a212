import { describe, expect, it } from 'vitest'
import type { Store } from '../../../app/store/store.ts'
import { backupOf, linesOf, restoreTo, sealed } from './backups.ts'
import { openAt, type StoreKind } from './place.ts'
import { DAY, hex, holder, issued, mail, NOON, recorded, request } from './rows.ts'
import { Writer } from './writers.ts'

/** Backup and restore from one database to another, or the same. */
export function describeBackup(from: StoreKind, to: StoreKind): void {
  describe(`a backup of ${from.name} in ${to.name}`, () => {
    it('has all that the store knows, and one event says so', async () => {
      await using old = await from.makePlace()
      await using empty = await to.makePlace()
      await fill(old)
      const backup = await backupOf(old)
      const { added, changed, backupAt } = await restoreTo(empty, backup)
      expect(backupAt).toBe(new Date(NOON).toISOString())
      expect(added).toEqual({
        holders: 210,
        certificates: 212,
        requests: 2,
        once: 1,
        auditEvents: 3,
        outbox: 2,
        revocationListHead: 0,
      })
      expect(new Set(Object.values(changed))).toEqual(new Set([0]))
      await using store = await openAt(empty)
      const [event] = await store.audit.list({ after: 3, limit: 10 })
      expect(JSON.parse(event?.record ?? '')).toEqual({
        event: 'STORE_RESTORED',
        at: NOON,
        actor: null,
        sequence: 4,
        backupAt,
        added,
        changed,
      })
      expect(withoutTraces(await backupOf(empty))).toEqual(withoutTraces(backup))
      expect(await store.certificates.list({ now: NOON, search: 'élodie', limit: 10 })).toHaveLength(1)
    })

    it('adds nothing the second time', async () => {
      await using place = await from.makePlace()
      await using other = await to.makePlace()
      await fill(place)
      const backup = await backupOf(place)
      await restoreTo(other, backup)
      const { added, changed } = await restoreTo(other, backup)
      expect([...Object.values(added), ...Object.values(changed)].filter(count => count !== 0)).toEqual([])
    })
  })
}

/** What holds for one database; `describeBackup` says that it does not matter which. */
export function describeRestore({ name, makePlace }: StoreKind): void {
  describe(`restoring to ${name}`, () => {
    it('works with a backup that was made during a stream of writes', async () => {
      await using place = await makePlace()
      await using empty = await makePlace()
      const writer = new Writer(place, 'issue')
      await writer.isOpen()
      writer.start()
      const before = await writer.hear(10)
      const backups = [await backupOf(place), await backupOf(place)]
      await writer.killAfter(10)
      for (const backup of backups) {
        await using target = await makePlace()
        await restoreTo(target, backup)
        await using store = await openAt(target)
        for (const line of before) {
          const [serial = '', state] = line.split(' ')
          expect([state, 'issued']).toContain((await store.certificates.find(serial))?.state)
        }
      }
      // Grown meanwhile: the earlier one is a part of the later.
      await restoreTo(empty, backups[0] ?? '')
      expect(linesOf(backups[1] ?? '').length).toBeGreaterThanOrEqual(linesOf(backups[0] ?? '').length)
    })

    it('works with a backup of one moment, whatever is written while it is made', async () => {
      await using place = await makePlace()
      await using target = await makePlace()
      await fill(place)
      await using store = await openAt(place)
      const late = holder()
      const backup = await backupOf(place, async () => {
        await store.transaction(async within => {
          await within.holders.add(late)
          await within.certificates.record(issued(late))
          await within.audit.append({ event: 'LATE', at: NOON })
        })
      })
      expect(await store.holders.find(late.id)).toEqual(late)
      expect(backup).not.toContain(late.id)
      expect((await restoreTo(target, backup)).added.auditEvents).toBe(3)
    })

    it('takes nothing back: revoked stays revoked, decided stays decided, sent stays sent', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const { certificates, requests, outbox, once } = store
      const person = holder()
      await store.holders.add(person)
      const [revoked, later, finished] = [issued(person), issued(person), recorded(person)]
      for (const row of [revoked, later, finished]) await certificates.record(row)
      await certificates.revoke(later.serial, { at: NOON + DAY, reason: 'superseded', by: null })
      const [decided, approved] = [request(), request({ status: 'approved', decidedBy: 'AA' })]
      for (const row of [decided, approved]) await requests.add(row)
      const letter = mail()
      await outbox.add(letter)
      await once.spend('first', NOON)
      await store.audit.append({ event: 'TEST', at: NOON })
      const backup = await backupOf(place)

      await certificates.revoke(revoked.serial, { at: NOON, reason: 'keyCompromise', by: 'AA' })
      await certificates.revoke(later.serial, { at: NOON + 1, reason: 'keyCompromise', by: 'AA' })
      await certificates.complete(finished.serial, { pem: 'P', fingerprint256: hex(32), issuedAt: NOON })
      await requests.advance(decided.id, 'waiting', { status: 'rejected', reason: 'no' })
      await requests.advance(approved.id, 'approved', { status: 'issued', serial: 'BB' })
      await outbox.sent(letter.id, NOON)
      await once.forget(NOON + 1)
      await once.spend('first', NOON + DAY)
      await store.audit.append({ event: 'TEST', at: NOON })
      const newer = await backupOf(place)
      const { added, changed } = await restoreTo(place, backup)
      expect([...Object.values(added), ...Object.values(changed)].filter(count => count !== 0)).toEqual([])
      expect(withoutTraces(await backupOf(place))).toEqual(withoutTraces(newer))

      // The other way round, the old store learns it all.
      await using old = await makePlace()
      await restoreTo(
        old,
        sealed(
          linesOf(backup)
            .filter(line => !line.auditEvents)
            .map(withNoEvents),
        ),
      )
      const learnt = await restoreTo(
        old,
        sealed(
          linesOf(newer)
            .filter(line => !line.auditEvents)
            .map(withNoEvents),
        ),
      )
      expect(learnt.changed).toEqual({
        holders: 0,
        certificates: 3,
        requests: 2,
        once: 1,
        auditEvents: 0,
        outbox: 1,
        revocationListHead: 0,
      })
      expect(withoutTraces(await backupOf(old))).toEqual(withoutTraces(newer))
    })

    it('knows a person whom the store has under another id', async () => {
      await using one = await makePlace()
      await using other = await makePlace()
      const [here, there] = [holder({ commonName: 'Ada' }), holder({ commonName: 'Ada' })]
      const row = issued(there)
      {
        await using store = await openAt(other)
        await store.holders.add(there)
        await store.certificates.record(row)
      }
      await using store = await openAt(one)
      await store.holders.add(here)
      await restoreTo(one, await backupOf(other))
      expect(await store.certificates.find(row.serial)).toEqual({ ...row, holderId: here.id })
      expect(await store.holders.find(there.id)).toBeUndefined()
    })

    it('refuses what is not whole, and changes nothing', async () => {
      await using place = await makePlace()
      await using other = await makePlace()
      await fill(place)
      await fill(other)
      const backup = await backupOf(place)
      const lines = linesOf(backup)
      const [header] = lines
      const before = await backupOf(other)
      const at = (name: string) => lines.findIndex(line => line[name])
      const changedRow = (name: string, over: object) =>
        sealed(lines.with(at(name), { [name]: { ...lines[at(name)]?.[name], ...over } }))
      const wrong: readonly (readonly [string | Buffer, string])[] = [
        ['', 'its end is missing'],
        ['no backup\n', 'line 1 is not JSON'],
        ['{"format":"other"}\n', 'its first line is not that of a Gatehouse backup'],
        [sealed([{ ...header, version: 2 }]), 'its format is 2'],
        [backup.slice(0, backup.lastIndexOf('{')), 'its end is missing'],
        [backup.slice(0, Math.floor(backup.length / 2)), 'not JSON'],
        [backup.replace('"state":"issued"', '"state":"recorded"'), 'it was changed or damaged'],
        [oneByteOf(backup, 'lodie'), 'it was changed or damaged'],
        [`${backup}{}\n`, 'something follows its end'],
        [sealed(lines.toSpliced(at('certificates'), 1)), 'it has not as many certificates as it says'],
        [sealed([...lines, { holders: holder() }]), 'it has not as many holders as it says'],
        [sealed([...lines, { passwords: {} }]), 'is of no table'],
        [sealed([...lines, []]), 'is of no table'],
        [sealed([...lines, null]), 'is of no table'],
        [changedRow('certificates', { state: 'forged' }), 'is no row of certificates'],
        [changedRow('certificates', { notAfter: 'tomorrow' }), 'is no row of certificates'],
        [changedRow('certificates', { isAdmin: true }), 'is no row of certificates'],
        [changedRow('certificates', { holderId: 'nobody' }), 'it contradicts itself or the store'],
        [sealed([header, `"${'x'.repeat(17 * 1024 * 1024)}`]), 'a line of it is too long'],
      ]
      for (const [text, why] of wrong) {
        const restoring = restoreTo(other, text)
        await expect(restoring, why).rejects.toMatchObject({
          code: 'BACKUP_INVALID',
          message: expect.stringContaining(why),
        })
      }
      expect(await backupOf(other)).toBe(before)
    })

    it('refuses another certificate or request under the same number', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const person = holder()
      const [row, wish] = [issued(person), request()]
      await store.holders.add(person)
      await store.certificates.record(row)
      await store.requests.add(wish)
      const lines = linesOf(await backupOf(place))
      const others: readonly (readonly [string, object])[] = [
        ['certificates', { spki256: hex(32) }],
        ['certificates', { toBeSigned: 'BBBB' }],
        ['certificates', { fingerprint256: hex(32) }],
        ['requests', { sha256: hex(32) }],
      ]
      for (const [name, over] of others) {
        const forged = lines.map(line => (line[name] ? { [name]: { ...line[name], ...over } } : line))
        await expect(restoreTo(place, sealed(forged))).rejects.toMatchObject({
          code: 'BACKUP_INVALID',
          message: expect.stringContaining('is another one in the store'),
        })
      }
      expect(await store.certificates.find(row.serial)).toEqual(row)
    })

    it('continues an audit trail, but refuses another past and a broken one', async () => {
      await using place = await makePlace()
      await using other = await makePlace()
      await using store = await openAt(place)
      await using elsewhere = await openAt(other)
      await store.audit.append({ event: 'FIRST', at: NOON })
      await store.audit.append({ event: 'SECOND', at: NOON })
      const backup = await backupOf(place)
      const lines = linesOf(backup)

      const broken = lines.map(line =>
        line.auditEvents?.sequence === 2
          ? { auditEvents: { ...line.auditEvents, record: '{"event":"FORGED","sequence":2}' } }
          : line,
      )
      await expect(restoreTo(other, sealed(broken))).rejects.toMatchObject({
        code: 'AUDIT_BROKEN',
        message: expect.stringContaining('broken at event 2: it was changed'),
      })
      expect(await elsewhere.audit.head()).toMatchObject({ sequence: 0 })

      // Of an earlier state of the same store, the trail goes on.
      await elsewhere.audit.append({ event: 'FIRST', at: NOON })
      expect((await restoreTo(other, backup)).added.auditEvents).toBe(1)
      expect(await elsewhere.audit.head()).toMatchObject({ sequence: 3 })

      await store.audit.append({ event: 'THIRD', at: NOON })
      const differing = await backupOf(place)
      await expect(restoreTo(other, differing)).rejects.toMatchObject({
        code: 'AUDIT_BROKEN',
        message: expect.stringContaining('differ from event 3 on'),
      })
      await using third = await makePlace()
      await using stranger = await openAt(third)
      await stranger.audit.append({ event: 'OTHER', at: NOON })
      const whole = restoreTo(third, differing)
      await expect(whole).rejects.toMatchObject({ code: 'AUDIT_BROKEN' })
      expect(await stranger.audit.head()).toMatchObject({ sequence: 1 })
    })
  })
}

async function fill(place: Parameters<typeof openAt>[0]): Promise<void> {
  await using store: Store = await openAt(place)
  await store.transaction(async within => {
    const people = Array.from({ length: 209 }, () => holder())
    people.push(holder({ commonName: 'Élodie \u2028 "Ångström"', organisation: 'O', email: 'e@example.org' }))
    for (const person of people) {
      await within.holders.add(person)
      await within.certificates.record(issued(person))
    }
    const person = people[0] ?? holder()
    await within.certificates.record(recorded(person))
    const revocation = { revokedAt: NOON, revocationReason: 'keyCompromise' as const, revokedBy: 'AA' }
    await within.certificates.record(issued(person, revocation))
    await within.requests.add(request({ warnings: ['CA:TRUE'], csr: 'PEM' }))
    await within.requests.add(request({ status: 'rejected', reason: 'no', decidedAt: NOON }))
    await within.once.spend('first-admin', NOON + DAY)
    for (let count = 0; count < 3; count++) await within.audit.append({ event: 'TEST', at: NOON, count })
    await within.outbox.add(mail({ attachments: [{ filename: 'a', contentType: 'b', content: 'c' }] }))
    await within.outbox.add(mail({ sentAt: NOON, attempts: 1 }))
    await within.settings.ensure('secret', 'not in a backup')
  })
}

/** No UTF-8 any more, so that a program that reads on sees another character. */
function oneByteOf(backup: string, near: string): Buffer {
  const bytes = Buffer.from(backup)
  bytes[bytes.indexOf(near)] = 0xff
  return bytes
}

/** Databases sort texts differently, so the order of the rows is left out as well. */
/** A restore is an event, and a new generation when it has brought a certificate. */
function withoutTraces(backup: string): unknown {
  expect(backup).not.toContain('not in a backup')
  const lines = linesOf(backup)
    .filter(line => !line.format && !line.auditEvents)
    .map(({ revocationListHead, ...line }) =>
      revocationListHead ? { ...revocationListHead, generation: 0 } : line,
    )
  return lines.map(line => JSON.stringify(line)).sort()
}

function withNoEvents(line: Record<string, unknown>): unknown {
  return line.counts ? { ...line, counts: { ...line.counts, auditEvents: 0 } } : line
}
