import { type Kysely, sql } from 'kysely'
import type { Database } from './database.ts'
import type { Once } from './store.ts'

/** @param now dates what is spent, for `countSince` */
export function onceIn(db: Kysely<Database>, now: () => Date): Once {
  return {
    async spend(name, until) {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('once')
        .values({ name, spentAt: now().getTime(), until })
        .onConflict(conflict => conflict.column('name').doNothing())
        .executeTakeFirst()
      return numInsertedOrUpdatedRows === 1n
    },
    async countSince(prefix, since) {
      const { count } = await db
        .selectFrom('once')
        .select(eb => eb.fn.countAll<number>().as('count'))
        .where('spentAt', '>=', since)
        // Not `like`, for which SQLite takes a letter for another case of it.
        .where(eb => sql`substr(${eb.ref('name')}, 1, ${[...prefix].length})`, '=', prefix)
        .executeTakeFirstOrThrow()
      return count
    },
    async forget(before) {
      await db.deleteFrom('once').where('until', '<', before).execute()
    },
  }
}
