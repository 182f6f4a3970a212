import { type Kysely, sql } from 'kysely'
import type { Database } from './database.ts'

// Our own choice: a few hundred kilobytes at a time.
const PAGE = 200

/** Reads the store as it is at one moment, whatever is written meanwhile; nobody waits for it. */
export function inSnapshot<Result>(
  db: Kysely<Database>,
  work: (within: Kysely<Database>) => Promise<Result>,
): Promise<Result> {
  // SQLite has this isolation always, and its driver does not look at the level.
  return db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work)
}

/** All rows of a table in the order of a unique column, some at a time. */
export async function* pagesOf(
  db: Kysely<Database>,
  table: keyof Database,
  key: string,
): AsyncGenerator<readonly Readonly<Record<string, unknown>>[]> {
  let last: unknown
  for (;;) {
    const after = last === undefined ? sql`` : sql`where ${sql.ref(key)} > ${last}`
    const { rows } = await sql<Record<string, unknown>>`
      select * from ${sql.table(table)} ${after} order by ${sql.ref(key)} limit ${sql.lit(PAGE)}
    `.execute(db)
    if (rows.length > 0) yield rows
    if (rows.length < PAGE) return
    last = rows.at(-1)?.[key]
  }
}
