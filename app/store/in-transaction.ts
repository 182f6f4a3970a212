import type { Kysely } from 'kysely'
import type { Database } from './database.ts'

/** Several statements as one: within the transaction that there is, or one of their own. */
export async function inTransaction<Result>(
  db: Kysely<Database>,
  work: (within: Kysely<Database>) => Promise<Result>,
): Promise<Result> {
  return db.isTransaction ? work(db) : db.transaction().execute(work)
}
