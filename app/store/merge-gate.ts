import type { Kysely } from 'kysely'
import type { BackupRows } from './backup-format.ts'
import type { Database } from './database.ts'
import { gateUsersIn } from './gate-users.ts'
import type { Merged } from './restore.ts'
import type { Time } from './store.ts'

type UserRow = BackupRows['gateUsers']

/**
 * Who was removed in either stays so, and a code that either has taken is not taken again. Of two users for one person,
 * whom the store and the backup do not know of each other, the store's stays.
 */
export async function mergeGateUsers(
  db: Kysely<Database>,
  rows: readonly UserRow[],
  holderIds: ReadonlyMap<string, string>,
): Promise<Merged> {
  let [added, changed] = [0, 0]
  for (const row of rows) {
    const holderId = holderIds.get(row.holderId) ?? row.holderId
    const present = await db.selectFrom('gateUsers').selectAll().where('id', '=', row.id).executeTakeFirst()
    if (present) changed += Number(await update(db, present, row))
    else if (row.removedAt !== null || !(await gateUsersIn(db).byHolder(holderId))) {
      await db
        .insertInto('gateUsers')
        .values({ ...row, holderId })
        .execute()
      added++
    }
  }
  return { added, changed }
}

async function update(db: Kysely<Database>, present: UserRow, row: UserRow): Promise<boolean> {
  if (present.removedAt !== null) return false
  if (row.removedAt !== null) return await gateUsersIn(db).remove(row.id, row.removedAt)
  return await gateUsersIn(db).advance(row.id, row.lastStep, row.lastLoginAt ?? row.createdAt)
}

/** Spent in either is spent. Those of users who are not there any more are nobody's. */
export async function mergeGateRecoveryCodes(
  db: Kysely<Database>,
  rows: readonly BackupRows['gateRecoveryCodes'][],
): Promise<Merged> {
  let [added, changed] = [0, 0]
  for (const row of rows) {
    const user = await gateUsersIn(db).find(row.userId)
    if (!user || user.removedAt !== null) continue
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('gateRecoveryCodes')
      .values(row)
      .onConflict(conflict => conflict.column('hash').doNothing())
      .executeTakeFirst()
    if (numInsertedOrUpdatedRows === 1n) added++
    else if (row.spentAt !== null) changed += Number(await spend(db, row.hash, row.spentAt))
  }
  return { added, changed }
}

async function spend(db: Kysely<Database>, hash: string, spentAt: Time): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('gateRecoveryCodes')
    .set({ spentAt })
    .where('hash', '=', hash)
    .where('spentAt', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}
