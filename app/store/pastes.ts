import { type Kysely, sql } from 'kysely'
import type { Database } from './database.ts'
import { inTransaction } from './in-transaction.ts'
import type { PasteFigures, PasteQuery, PasteRow, Pastes, Time } from './store.ts'

export function pastesIn(db: Kysely<Database>): Pastes {
  return {
    async add(row) {
      await db.insertInto('pastes').values(toTable(row)).execute()
    },
    async find(id) {
      const row = await db.selectFrom('pastes').selectAll().where('id', '=', id).executeTakeFirst()
      return row && fromTable(row)
    },
    list: query => list(db, query),
    async remove(id) {
      const { numDeletedRows } = await db.deleteFrom('pastes').where('id', '=', id).executeTakeFirst()
      return numDeletedRows === 1n
    },
    async burn(id, at) {
      const { numUpdatedRows } = await db
        .updateTable('pastes')
        .set({ sha256: null, burntAt: at })
        .where('id', '=', id)
        .where('sha256', 'is not', null)
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },
    expire: (now, limit) => inTransaction(db, within => expire(within, now, limit)),
    async forget(before) {
      await db.deleteFrom('pastes').where('expiresAt', '<', before).execute()
    },
    async named(sha256s) {
      const rows = await contentsOf(db).where('sha256', 'in', sha256s).execute()
      return new Set(rows.map(({ sha256 }) => sha256))
    },
    async contents({ after, limit }) {
      const rows = await contentsOf(db).where('sha256', '>', after).orderBy('sha256').limit(limit).execute()
      return rows.map(({ sha256 }) => sha256)
    },
    figures: () => figures(db),
  }
}

function contentsOf(db: Kysely<Database>) {
  return db
    .selectFrom('pastes')
    .select('sha256')
    .distinct()
    .where('sha256', 'is not', null)
    .$narrowType<{ sha256: string }>()
}

async function list(db: Kysely<Database>, query: PasteQuery): Promise<readonly PasteRow[]> {
  const { now, owner, after, limit } = query
  let page = db
    .selectFrom('pastes')
    .selectAll()
    .where('expiresAt', '>', now)
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
  if (owner !== undefined) page = page.where('owner', '=', owner)
  if (after !== undefined) {
    const last = await db
      .selectFrom('pastes')
      .select(['createdAt', 'id'])
      .where('id', '=', after)
      .executeTakeFirst()
    if (!last) return []
    page = page.where(eb => eb(eb.refTuple('createdAt', 'id'), '<', eb.tuple(last.createdAt, last.id)))
  }
  return (await page.execute()).map(fromTable)
}

async function expire(db: Kysely<Database>, now: Time, limit: number): Promise<readonly PasteRow[]> {
  const rows = await db
    .selectFrom('pastes')
    .selectAll()
    .where('sha256', 'is not', null)
    .where('expiresAt', '<=', now)
    .orderBy('expiresAt')
    .limit(limit)
    .execute()
  const ids = rows.map(({ id }) => id)
  if (ids.length > 0) await db.updateTable('pastes').set({ sha256: null }).where('id', 'in', ids).execute()
  return rows.map(fromTable)
}

async function figures(db: Kysely<Database>): ReturnType<Pastes['figures']> {
  const rows = await db
    .selectFrom('pastes')
    .select(eb => [
      'isStrangers',
      eb.fn.countAll<number>().as('count'),
      // PostgreSQL would give a sum as a text.
      sql<number>`cast(sum(${eb.ref('size')}) as bigint)`.as('octets'),
    ])
    .where('sha256', 'is not', null)
    .groupBy('isStrangers')
    .execute()
  return { all: sumOf(rows), strangers: sumOf(rows.filter(({ isStrangers }) => isStrangers === 1)) }
}

function sumOf(figures: readonly PasteFigures[]): PasteFigures {
  const sum = { count: 0, octets: 0 }
  for (const { count, octets } of figures) {
    sum.count += count
    sum.octets += octets
  }
  return sum
}

/** Databases disagree about booleans. */
function toTable({ isStrangers, isPrivate, isBurning, ...row }: PasteRow): Database['pastes'] {
  return {
    ...row,
    isStrangers: isStrangers ? 1 : 0,
    isPrivate: isPrivate ? 1 : 0,
    isBurning: isBurning ? 1 : 0,
  }
}

function fromTable({ isStrangers, isPrivate, isBurning, ...row }: Database['pastes']): PasteRow {
  return {
    ...row,
    isStrangers: isStrangers === 1,
    isPrivate: isPrivate === 1,
    isBurning: isBurning === 1,
  }
}
