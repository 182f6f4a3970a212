import type { Kysely } from 'kysely'
import type { Database } from './database.ts'
import type { RequestQuery, RequestRow, Requests } from './store.ts'

export function requestsIn(db: Kysely<Database>): Requests {
  return {
    async add(row) {
      await db
        .insertInto('requests')
        .values({ ...row, warnings: JSON.stringify(row.warnings) })
        .execute()
    },
    async find(id) {
      const row = await db.selectFrom('requests').selectAll().where('id', '=', id).executeTakeFirst()
      return row && fromTable(row)
    },
    list: query => list(db, query),
    async countWaiting() {
      const { count } = await db
        .selectFrom('requests')
        .select(eb => eb.fn.countAll<number>().as('count'))
        .where('status', '=', 'waiting')
        .executeTakeFirstOrThrow()
      return count
    },
    async advance(id, from, to) {
      const { numUpdatedRows } = await db
        .updateTable('requests')
        .set(to)
        .where('id', '=', id)
        .where('status', '=', from)
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },
  }
}

async function list(db: Kysely<Database>, query: RequestQuery): Promise<readonly RequestRow[]> {
  const { status, after, limit } = query
  let page = db
    .selectFrom('requests')
    .selectAll()
    .orderBy('requestedAt', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
  if (status) page = page.where('status', '=', status)
  if (after !== undefined) {
    const last = await db
      .selectFrom('requests')
      .select(['requestedAt', 'id'])
      .where('id', '=', after)
      .executeTakeFirst()
    if (!last) return []
    page = page.where(eb => eb(eb.refTuple('requestedAt', 'id'), '<', eb.tuple(last.requestedAt, last.id)))
  }
  return (await page.execute()).map(fromTable)
}

function fromTable(row: Database['requests']): RequestRow {
  return { ...row, warnings: JSON.parse(row.warnings) }
}
