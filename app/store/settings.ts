import type { Kysely } from 'kysely'
import type { Database } from './database.ts'
import type { Settings } from './store.ts'

export function settingsIn(db: Kysely<Database>): Settings {
  return {
    async ensure(name, value) {
      await db
        .insertInto('settings')
        .values({ name, value })
        .onConflict(conflict => conflict.column('name').doNothing())
        .execute()
      const kept = await db
        .selectFrom('settings')
        .select('value')
        .where('name', '=', name)
        .executeTakeFirstOrThrow()
      return kept.value
    },
  }
}
