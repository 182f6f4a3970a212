import type { Kysely } from 'kysely'
import type { Database } from './database.ts'
import { type Holders, StoreConflict } from './store.ts'

export function holdersIn(db: Kysely<Database>): Holders {
  const where = (column: 'id' | 'nameKey', value: string) =>
    db.selectFrom('holders').selectAll().where(column, '=', value).executeTakeFirst()
  return {
    async add(holder) {
      // An error would end a PostgreSQL transaction, in which the caller may still want to say who has the name.
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('holders')
        .values(holder)
        .onConflict(conflict => conflict.column('nameKey').doNothing())
        .executeTakeFirst()
      if (numInsertedOrUpdatedRows !== 1n) throw new StoreConflict('name')
    },
    byNameKey: nameKey => where('nameKey', nameKey),
    find: id => where('id', id),
    async countOfOrganisation(organisation) {
      const { count } = await db
        .selectFrom('holders')
        .select(eb => eb.fn.countAll<number>().as('count'))
        .where('organisation', '=', organisation)
        .executeTakeFirstOrThrow()
      return count
    },
  }
}
