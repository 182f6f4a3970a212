import type { Kysely } from 'kysely'
import type { Database } from './database.ts'
import { inTransaction } from './in-transaction.ts'
import type { Begun, ListIntent, RevocationList, RevocationLists } from './store.ts'

const INFO = ['number', 'generation', 'thisUpdate', 'nextUpdate', 'entries'] as const

export function revocationListsIn(db: Kysely<Database>): RevocationLists {
  const newest = () => db.selectFrom('revocationLists').orderBy('number', 'desc').limit(1)
  return {
    newest: () => newest().select(INFO).executeTakeFirst(),
    read: () =>
      newest()
        .select([...INFO, 'der'])
        .executeTakeFirst(),
    begin: span => inTransaction(db, within => begin(within, span)),
    publish: list => inTransaction(db, within => publish(within, list)),
    async giveUp(number) {
      await db.updateTable('revocationListHead').set({ begunUntil: 0 }).where('number', '=', number).execute()
    },
  }
}

/**
 * Never below the seconds of the clock: the number goes on rising when a store is lost and an old backup of it is
 * restored, which does not know what was published since.
 */
async function begin(db: Kysely<Database>, { now, until, after }: ListIntent): Promise<Begun | undefined> {
  const head = await db.selectFrom('revocationListHead').selectAll().executeTakeFirstOrThrow()
  // What lies further ahead comes of a clock that was wrong.
  if (head.begunUntil > now && head.begunUntil <= until) return undefined
  const newest = await db
    .selectFrom('revocationLists')
    .select(eb => eb.fn.max('number').as('number'))
    .executeTakeFirst()
  if ((newest?.number ?? 0) !== after) return undefined
  const number = Math.max(head.number + 1, Math.floor(now / 1000))
  await db.updateTable('revocationListHead').set({ number, begunUntil: until }).execute()
  return { number, generation: head.generation }
}

async function publish(db: Kysely<Database>, list: RevocationList): Promise<boolean> {
  const there = await db
    .selectFrom('revocationLists')
    .select('number')
    .where('number', '>=', list.number)
    .executeTakeFirst()
  if (there) return false
  await db.insertInto('revocationLists').values(list).execute()
  await db.deleteFrom('revocationLists').where('number', '<', list.number).execute()
  await db
    .updateTable('revocationListHead')
    .set({ begunUntil: 0 })
    .where('number', '=', list.number)
    .execute()
  return true
}
