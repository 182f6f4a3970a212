import type { Kysely, Updateable } from 'kysely'
import type { BackupRows } from './backup-format.ts'
import { searchTextOf } from './certificates.ts'
import type { Database } from './database.ts'
import { invalidBackup } from './read-backup.ts'
import type { Merged } from './restore.ts'

type Row = BackupRows['certificates']

/** A serial number that is there stays as it is, or becomes issued, or revoked earlier: never the reverse. */
export async function mergeCertificates(
  db: Kysely<Database>,
  rows: readonly Row[],
  holderIds: ReadonlyMap<string, string>,
): Promise<Merged> {
  const serials = rows.map(row => row.serial)
  const there = await db.selectFrom('certificates').selectAll().where('serial', 'in', serials).execute()
  const bySerial = new Map(there.map(row => [row.serial, row]))
  const missing = rows.filter(row => !bySerial.has(row.serial))
  if (missing.length > 0) {
    const values = missing.map(row => ({
      ...row,
      holderId: holderIds.get(row.holderId) ?? row.holderId,
      searchText: searchTextOf(row),
    }))
    await db.insertInto('certificates').values(values).execute()
  }
  let changed = 0
  for (const row of rows) {
    const present = bySerial.get(row.serial)
    if (present && (await change(db, present, row))) changed++
  }
  return { added: missing.length, changed }
}

async function change(db: Kysely<Database>, present: Row, row: Row): Promise<boolean> {
  if (!isSame(present, row)) throw invalidBackup(`certificate ${row.serial} is another one in the store`)
  const news = { ...issueOf(present, row), ...revocationOf(present, row) }
  if (Object.keys(news).length === 0) return false
  await db.updateTable('certificates').set(news).where('serial', '=', row.serial).execute()
  return true
}

function isSame(one: Row, other: Row): boolean {
  const isFingerprintSame =
    one.fingerprint256 === null ||
    other.fingerprint256 === null ||
    one.fingerprint256 === other.fingerprint256
  return isFingerprintSame && one.spki256 === other.spki256 && one.toBeSigned === other.toBeSigned
}

function issueOf(present: Row, row: Row): Updateable<Database['certificates']> {
  if (present.state === 'issued' || row.state === 'recorded') return {}
  const { state, pem, fingerprint256, issuedAt } = row
  return { state, pem, fingerprint256, issuedAt }
}

/** The earlier date, and the reason that is for good: of a hold in one and a revocation in the other, the hold ends. */
function revocationOf(present: Row, row: Row): Updateable<Database['certificates']> {
  if (row.revokedAt === null) return {}
  if (present.revokedAt === null) return reasonOf(row, row.revokedAt)
  const isRowEarlier = row.revokedAt < present.revokedAt
  const isRowStronger = isHold(present) === isHold(row) ? isRowEarlier : isHold(present)
  if (!isRowEarlier && !isRowStronger) return {}
  return reasonOf(isRowStronger ? row : present, Math.min(row.revokedAt, present.revokedAt))
}

function isHold({ revocationReason }: Row): boolean {
  return revocationReason === 'certificateHold'
}

function reasonOf({ revocationReason, revokedBy }: Row, revokedAt: number) {
  return { revokedAt, revocationReason, revokedBy }
}
