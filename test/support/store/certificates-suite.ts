import { describe, expect, it } from 'vitest'
import { certificateStatus } from '../../../app/store/certificate-status.ts'
import { CERTIFICATE_STATUSES, type CertificateRow, StoreConflict } from '../../../app/store/store.ts'
import { openAt, type StoreKind } from './place.ts'
import { DAY, hex, holder, issued, NOON, recorded } from './rows.ts'

export function describeCertificates({ name, makePlace }: StoreKind): void {
  describe(`certificates in ${name}`, () => {
    it('gives back what was recorded, to the last member', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const person = holder({ commonName: "Zoë O'Brien", organisation: 'Ørsted', email: 'zoe@example.org' })
      await store.holders.add(person)
      const rows = [
        recorded(person, { toBeSigned: '' }),
        issued(person, { revokedAt: NOON + DAY, revocationReason: 'superseded', revokedBy: hex() }),
      ]
      for (const row of rows) await store.certificates.record(row)
      expect(await Promise.all(rows.map(row => store.certificates.find(row.serial)))).toEqual(rows)
      expect(await store.certificates.find('00')).toBeUndefined()
    })

    it('takes a serial number and a fingerprint once, and the transaction goes on', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const person = holder()
      await store.holders.add(person)
      const first = issued(person)
      const second = recorded(person)
      await store.certificates.record(first)
      await store.transaction(async within => {
        const again = within.certificates.record(recorded(person, { serial: first.serial }))
        await expect(again).rejects.toEqual(new StoreConflict('serial'))
        const copy = issued(person, { fingerprint256: first.fingerprint256 })
        await expect(within.certificates.record(copy)).rejects.toEqual(new StoreConflict('fingerprint'))
        await within.certificates.record(second)
      })
      expect(await store.certificates.find(first.serial)).toEqual(first)
      expect(await store.certificates.find(second.serial)).toEqual(second)
    })

    it('completes what is recorded once, and not what was revoked meanwhile', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const person = holder()
      await store.holders.add(person)
      const [row, revoked] = [recorded(person), recorded(person)]
      for (const each of [row, revoked]) await store.certificates.record(each)
      const result = { pem: 'PEM', fingerprint256: hex(32), issuedAt: NOON + 5 }
      const { complete, find, revoke } = store.certificates
      expect(await complete(row.serial, result)).toBe(true)
      expect(await find(row.serial)).toEqual({ ...row, ...result, state: 'issued' })
      expect(await complete(row.serial, { ...result, pem: 'OTHER' })).toBe(false)
      expect(await complete('00', result)).toBe(false)
      await revoke(revoked.serial, { at: NOON, reason: 'unspecified', by: null })
      expect(await complete(revoked.serial, { ...result, fingerprint256: hex(32) })).toBe(false)
      expect(await find(revoked.serial)).toMatchObject({ state: 'recorded', revokedAt: NOON })
    })

    it('refuses the fingerprint of another when it completes', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const person = holder()
      await store.holders.add(person)
      const [first, second] = [issued(person), recorded(person)]
      for (const each of [first, second]) await store.certificates.record(each)
      const result = { pem: 'PEM', fingerprint256: first.fingerprint256 ?? '', issuedAt: NOON }
      await expect(store.certificates.complete(second.serial, result)).rejects.toEqual(
        new StoreConflict('fingerprint'),
      )
    })

    it('revokes for good: an earlier date replaces a later one, never the reverse', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const person = holder()
      await store.holders.add(person)
      const { serial } = await recordedIn(store.certificates.record, issued(person))
      const revoke = (at: number, reason: 'superseded' | 'keyCompromise', by: string | null) =>
        store.certificates.revoke(serial, { at, reason, by })
      const how = async () => {
        const row = await store.certificates.find(serial)
        return [row?.revokedAt, row?.revocationReason, row?.revokedBy]
      }
      expect(await revoke(NOON + DAY, 'superseded', null)).toBe(true)
      expect(await how()).toEqual([NOON + DAY, 'superseded', null])
      expect(await revoke(NOON, 'keyCompromise', 'AA')).toBe(true)
      expect(await revoke(NOON, 'superseded', 'BB')).toBe(false)
      expect(await revoke(NOON + DAY, 'superseded', 'BB')).toBe(false)
      expect(await how()).toEqual([NOON, 'keyCompromise', 'AA'])
      expect(await store.certificates.revoke('00', { at: NOON, reason: 'unspecified', by: null })).toBe(false)
    })

    it('lists and counts by status as one certificate is judged', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const person = holder()
      await store.holders.add(person)
      const rows: CertificateRow[] = []
      for (const make of [recorded, issued]) {
        for (const notAfter of [NOON - DAY, NOON - 1, NOON, NOON + DAY]) {
          for (const revokedAt of [null, NOON - 1, NOON, NOON + 1]) {
            const reason = revokedAt === null ? null : ('unspecified' as const)
            const row = make(person, { notAfter, revokedAt, revocationReason: reason })
            rows.push(await recordedIn(store.certificates.record, row))
          }
        }
      }
      const counts = await store.certificates.counts(NOON)
      for (const status of CERTIFICATE_STATUSES) {
        const expected = rows.filter(row => certificateStatus(row, NOON) === status)
        const listed = await store.certificates.list({ now: NOON, status, limit: 100 })
        expect(new Set(listed.map(row => row.serial))).toEqual(new Set(expected.map(row => row.serial)))
        expect(listed).toHaveLength(expected.length)
        expect(counts[status]).toBe(expected.length)
      }
      expect(counts).toEqual({ recorded: 8, valid: 4, expired: 4, revoked: 16 })
      const active = await store.certificates.active(person.id, NOON)
      expect(active).toHaveLength(12)
      const other = await store.certificates.active('other', NOON)
      expect(other).toEqual([])
    })

    it('finds what has a key, what its signer left behind, and what expires soon', async () => {
      await using place = await makePlace()
      await using store = await openAt(place)
      const person = holder()
      await store.holders.add(person)
      const revoked = { revokedAt: NOON + DAY, revocationReason: 'superseded' as const }
      const keep = (row: CertificateRow) => recordedIn(store.certificates.record, row)
      const key = hex(32)
      const old = await keep(recorded(person, { recordedAt: NOON - 2, spki256: key, notAfter: NOON + 5 }))
      await keep(recorded(person, { recordedAt: NOON - 1 }))
      await keep(recorded(person, { recordedAt: NOON - 3, ...revoked }))
      const soon = await keep(issued(person, { recordedAt: NOON - 3, spki256: key, notAfter: NOON }))
      await keep(issued(person, { notAfter: NOON + 1 }))
      await keep(issued(person, { notAfter: NOON, ...revoked }))
      const serials = async (rows: Promise<readonly CertificateRow[]>) => (await rows).map(row => row.serial)
      expect(await serials(store.certificates.withKey(key))).toEqual([old.serial, soon.serial])
      expect(await serials(store.certificates.withKey(hex(32)))).toEqual([])
      expect(await serials(store.certificates.unfinished(NOON - 1))).toEqual([old.serial])
      expect(await serials(store.certificates.expiring(NOON, NOON + 1))).toEqual([soon.serial])
    })
  })
}

async function recordedIn(
  record: (row: CertificateRow) => Promise<void>,
  row: CertificateRow,
): Promise<CertificateRow> {
  await record(row)
  return row
}
