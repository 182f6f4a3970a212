import type { Kysely } from 'kysely'
import type { Database } from './database.ts'
import type { GateDelays } from './gate-store.ts'

export function gateDelaysIn(db: Kysely<Database>): GateDelays {
  return {
    find: (keys, now) =>
      db.selectFrom('gateDelays').selectAll().where('key', 'in', keys).where('forgetAt', '>', now).execute(),
    async put(row) {
      const { key: _, ...news } = row
      await db
        .insertInto('gateDelays')
        .values(row)
        .onConflict(conflict => conflict.column('key').doUpdateSet(news))
        .execute()
    },
    async drop(key) {
      await db.deleteFrom('gateDelays').where('key', '=', key).execute()
    },
    async forget(before) {
      await db.deleteFrom('gateDelays').where('forgetAt', '<', before).execute()
    },
  }
}
