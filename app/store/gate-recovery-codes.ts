import type { Kysely } from 'kysely'
import type { Database } from './database.ts'
import type { GateUsers } from './gate-store.ts'
import { inTransaction } from './in-transaction.ts'
import type { Time } from './store.ts'

export function recoveryCodesIn(db: Kysely<Database>): Pick<GateUsers, 'recover' | 'recoveryCodesLeft'> {
  return {
    recover: (id, hash, at) => inTransaction(db, within => recover(within, { id, hash }, at)),
    async recoveryCodesLeft(id) {
      const { count } = await db
        .selectFrom('gateRecoveryCodes')
        .select(eb => eb.fn.countAll<number>().as('count'))
        .where('userId', '=', id)
        .where('spentAt', 'is', null)
        .executeTakeFirstOrThrow()
      return count
    },
  }
}

async function recover(
  db: Kysely<Database>,
  { id, hash }: { readonly id: string; readonly hash: string },
  at: Time,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('gateRecoveryCodes')
    .set({ spentAt: at })
    .where('hash', '=', hash)
    .where('userId', '=', id)
    .where('spentAt', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) return false
  await db.updateTable('gateUsers').set({ lastLoginAt: at }).where('id', '=', id).execute()
  return true
}
