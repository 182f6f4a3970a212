import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Database } from './database.ts'
import { inTransaction } from './in-transaction.ts'
import type { ListedRow, ListQuery, ProxyList, Time } from './store.ts'

/** A table whose rows can be on a list for proxies: it has the columns `listed` and `unlisted`. */
export interface ListedTable {
  readonly rows: keyof Database
  /** The column that is the entry on the list. */
  readonly key: string
  /** The table of one row with the generation of the list. */
  readonly head: keyof Database
  /** What has to be put on it by then, and what has to be taken off, each with an index for it. */
  joins(at: Time): RawBuilder<unknown>
  leaves(at: Time): RawBuilder<unknown>
}

/** A list over a table: what is said of it here holds for each of them. */
export function listOver(table: ListedTable, db: Kysely<Database>, now: () => Date): ProxyList {
  return {
    generation: () => generationOf(table, db),
    refresh: () => refresh(table, db, now().getTime()),
    async raise(generation) {
      await sql`update ${sql.table(table.head)} set generation = ${generation} where generation < ${generation}`.execute(
        db,
      )
    },
    changes: query => changes(table, db, query),
  }
}

async function generationOf({ head }: ListedTable, db: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ generation: number }>`select generation from ${sql.table(head)}`.execute(db)
  return rows[0]?.generation ?? 0
}

async function refresh(table: ListedTable, db: Kysely<Database>, at: Time): Promise<void> {
  const isDue = (await isAny(table, db, table.joins(at))) || (await isAny(table, db, table.leaves(at)))
  if (isDue) await inTransaction(db, within => changeList(table, within, at))
}

/** As indexes have it, so that it costs the same whatever the number of rows. */
async function isAny(
  { rows }: ListedTable,
  db: Kysely<Database>,
  which: RawBuilder<unknown>,
): Promise<boolean> {
  const found = await sql`select 1 from ${sql.table(rows)} where ${which} limit 1`.execute(db)
  return found.rows.length > 0
}

/** A new generation, with all that is due. In the transaction of whatever changes what is on the list. */
export async function changeList(table: ListedTable, db: Kysely<Database>, at: Time): Promise<number> {
  const { head, rows, joins, leaves } = table
  const generation = Math.max((await generationOf(table, db)) + 1, Math.floor(at / 1000))
  await sql`update ${sql.table(head)} set generation = ${generation}`.execute(db)
  await sql`update ${sql.table(rows)} set listed = ${generation}, unlisted = null where ${joins(at)}`.execute(
    db,
  )
  await sql`update ${sql.table(rows)} set listed = null, unlisted = ${generation} where ${leaves(at)}`.execute(
    db,
  )
  return generation
}

/** For what is not to be refused any more. In its transaction. */
export async function takeOffList(
  table: ListedTable,
  db: Kysely<Database>,
  entry: string,
  at: Time,
): Promise<void> {
  const generation = await changeList(table, db, at)
  const { rows, key } = table
  await sql`update ${sql.table(rows)} set listed = null, unlisted = ${generation}
    where ${sql.ref(key)} = ${entry} and listed is not null`.execute(db)
}

/** What changes while the pages are read gets a generation above `upTo`: it is on none of them, and in the next answer. */
async function changes(
  { rows, key }: ListedTable,
  db: Kysely<Database>,
  { change, after, upTo, limit }: ListQuery,
): Promise<readonly ListedRow[]> {
  const [column, entry] = [sql.ref(change), sql.ref(key)]
  const found = await sql<ListedRow>`select ${entry} as entry, ${column} as generation from ${sql.table(rows)}
    where (${column}, ${entry}) > (${after.generation}, ${after.entry}) and ${column} <= ${upTo}
    order by ${column}, ${entry} limit ${limit}`.execute(db)
  return found.rows
}
