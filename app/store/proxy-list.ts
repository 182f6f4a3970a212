import type { ExpressionBuilder, Kysely } from 'kysely'
import type { Database } from './database.ts'
import { inTransaction } from './in-transaction.ts'
import type { ListedRow, ListQuery, ProxyList, Time } from './store.ts'

// Our own choice: a proxy whose clock is behind takes a certificate that has expired by ours. Who has left the list does
// not come back: of two processes with different clocks each would undo what the other does.
const JOINS_UNTIL_MS = 86_400_000
const LEAVES_AFTER_MS = 2 * JOINS_UNTIL_MS

type Builder = ExpressionBuilder<Database, 'certificates'>

export function proxyListIn(db: Kysely<Database>, now: () => Date): ProxyList {
  return {
    generation: () => generationOf(db),
    refresh: () => refresh(db, now().getTime()),
    raise: generation => inTransaction(db, within => raise(within, generation)),
    changes: query => changes(db, query),
  }
}

async function generationOf(db: Kysely<Database>): Promise<number> {
  const head = db.selectFrom('revocationListHead').select('generation')
  return (await head.executeTakeFirstOrThrow()).generation
}

async function raise(db: Kysely<Database>, generation: number): Promise<void> {
  await db
    .updateTable('revocationListHead')
    .set({ generation })
    .where('generation', '<', generation)
    .execute()
}

async function refresh(db: Kysely<Database>, at: Time): Promise<void> {
  if (await isDue(db, at)) await inTransaction(db, within => changeProxyList(within, at))
}

/** As indexes have it, so that it costs the same whatever the number of certificates. */
async function isDue(db: Kysely<Database>, at: Time): Promise<boolean> {
  const some = (is: typeof joins) =>
    db
      .selectFrom('certificates')
      .select('serial')
      .where(eb => is(eb, at))
      .limit(1)
  return Boolean((await some(joins).executeTakeFirst()) ?? (await some(leaves).executeTakeFirst()))
}

function joins(eb: Builder, at: Time) {
  return eb.and([
    eb('revokedAt', '<=', at),
    eb('listed', 'is', null),
    eb('notAfter', '>=', at - JOINS_UNTIL_MS),
  ])
}

function leaves(eb: Builder, at: Time) {
  return eb.and([eb('listed', 'is not', null), eb('notAfter', '<', at - LEAVES_AFTER_MS)])
}

/**
 * A new generation, with all that is due. In the transaction of whatever changes what is revoked, also when that is the
 * reason only: the certificate revocation list is made anew for each generation.
 */
export async function changeProxyList(db: Kysely<Database>, at: Time): Promise<number> {
  const generation = Math.max((await generationOf(db)) + 1, Math.floor(at / 1000))
  await db.updateTable('revocationListHead').set({ generation }).execute()
  await db
    .updateTable('certificates')
    .set({ listed: generation, unlisted: null })
    .where(eb => joins(eb, at))
    .execute()
  await db
    .updateTable('certificates')
    .set({ listed: null, unlisted: generation })
    .where(eb => leaves(eb, at))
    .execute()
  return generation
}

/** For what is not revoked any more. In its transaction. */
export async function takeOffProxyList(db: Kysely<Database>, serial: string, at: Time): Promise<void> {
  const generation = await changeProxyList(db, at)
  await db
    .updateTable('certificates')
    .set({ listed: null, unlisted: generation })
    .where('serial', '=', serial)
    .where('listed', 'is not', null)
    .execute()
}

/** What changes while the pages are read gets a generation above `upTo`: it is on none of them, and in the next answer. */
function changes(
  db: Kysely<Database>,
  { change, after, upTo, limit }: ListQuery,
): Promise<readonly ListedRow[]> {
  return db
    .selectFrom('certificates')
    .select(eb => ['serial', eb.ref(change).$castTo<number>().as('generation')])
    .where(eb => eb(eb.refTuple(change, 'serial'), '>', eb.tuple(after.generation, after.serial)))
    .where(change, '<=', upTo)
    .orderBy(change)
    .orderBy('serial')
    .limit(limit)
    .execute()
}
