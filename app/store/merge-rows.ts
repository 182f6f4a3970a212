import type { Kysely } from 'kysely'
import type { BackupRows } from './backup-format.ts'
import type { Database } from './database.ts'
import { invalidBackup } from './read-backup.ts'
import type { Merged } from './restore.ts'

/** @param holderIds learns whom the store knows under another id */
export async function mergeHolders(
  db: Kysely<Database>,
  rows: readonly BackupRows['holders'][],
  holderIds: Map<string, string>,
): Promise<Merged> {
  const nameKeys = rows.map(row => row.nameKey)
  const there = await db
    .selectFrom('holders')
    .select(['id', 'nameKey'])
    .where('nameKey', 'in', nameKeys)
    .execute()
  const byName = new Map(there.map(holder => [holder.nameKey, holder.id]))
  for (const row of rows) holderIds.set(row.id, byName.get(row.nameKey) ?? row.id)
  const missing = rows.filter(row => !byName.has(row.nameKey))
  if (missing.length > 0) await db.insertInto('holders').values(missing).execute()
  return { added: missing.length, changed: 0 }
}

/** What is decided in either stays so; where both have decided, the store has. */
export async function mergeRequests(
  db: Kysely<Database>,
  rows: readonly BackupRows['requests'][],
): Promise<Merged> {
  const ids = rows.map(row => row.id)
  const there = await db.selectFrom('requests').selectAll().where('id', 'in', ids).execute()
  const byId = new Map(there.map(row => [row.id, row]))
  const missing = rows.filter(row => !byId.has(row.id))
  if (missing.length > 0) await db.insertInto('requests').values(missing).execute()
  let changed = 0
  for (const row of rows) {
    const present = byId.get(row.id)
    if (!present) continue
    if (present.sha256 !== row.sha256) throw invalidBackup(`request ${row.id} is another one in the store`)
    if (!isFurther(present.status, row.status)) continue
    const { status, decidedAt, decidedBy, reason, serial } = row
    const news = { status, decidedAt, decidedBy, reason, serial }
    await db.updateTable('requests').set(news).where('id', '=', row.id).execute()
    changed++
  }
  return { added: missing.length, changed }
}

function isFurther(present: string, other: string): boolean {
  return (present === 'waiting' && other !== 'waiting') || (present === 'approved' && other === 'issued')
}

/** What was done once is remembered for the longer of the two times. */
export async function mergeOnce(db: Kysely<Database>, rows: readonly BackupRows['once'][]): Promise<Merged> {
  const names = rows.map(row => row.name)
  const there = await db.selectFrom('once').selectAll().where('name', 'in', names).execute()
  const byName = new Map(there.map(row => [row.name, row]))
  const missing = rows.filter(row => !byName.has(row.name))
  if (missing.length > 0) await db.insertInto('once').values(missing).execute()
  const longer = rows.filter(row => row.until > (byName.get(row.name)?.until ?? Number.POSITIVE_INFINITY))
  for (const { name, until } of longer) {
    await db.updateTable('once').set({ until }).where('name', '=', name).execute()
  }
  return { added: missing.length, changed: longer.length }
}

/** A mail that was sent according to either is not sent again. */
export async function mergeMails(
  db: Kysely<Database>,
  rows: readonly BackupRows['outbox'][],
): Promise<Merged> {
  const keys = rows.map(row => row.key)
  const there = await db.selectFrom('outbox').select(['key', 'sentAt']).where('key', 'in', keys).execute()
  const byKey = new Map(there.map(row => [row.key, row]))
  const missing = rows.filter(row => !byKey.has(row.key))
  if (missing.length > 0) await db.insertInto('outbox').values(missing).execute()
  const sent = rows.filter(row => row.sentAt !== null && byKey.get(row.key)?.sentAt === null)
  for (const { key, sentAt } of sent) {
    await db.updateTable('outbox').set({ sentAt }).where('key', '=', key).execute()
  }
  return { added: missing.length, changed: sent.length }
}

/** A number or a generation that was given in either is not given again. */
export async function mergeRevocationListHead(
  db: Kysely<Database>,
  rows: readonly BackupRows['revocationListHead'][],
): Promise<Merged> {
  let changed = 0
  for (const row of rows) {
    const present = await db.selectFrom('revocationListHead').selectAll().executeTakeFirstOrThrow()
    const number = Math.max(present.number, row.number)
    const generation = Math.max(present.generation, row.generation)
    if (number === present.number && generation === present.generation) continue
    await db.updateTable('revocationListHead').set({ number, generation }).execute()
    changed++
  }
  return { added: 0, changed }
}
