import type { ExpressionBuilder, Kysely } from 'kysely'
import type { Database } from './database.ts'
import { changeEndedList } from './gate-ended.ts'
import type { GateSessions } from './gate-store.ts'
import { isUserGood } from './gate-users.ts'
import { inTransaction } from './in-transaction.ts'
import type { Time } from './store.ts'

type Tables = Database & { s: Database['gateSessions']; u: Database['gateUsers'] }
type Builder = ExpressionBuilder<Tables, 's' | 'u'>

/** What a session depends on, besides not having ended. */
function isGood(eb: Builder, now: Time) {
  const revoked = eb
    .selectFrom('certificates as c')
    .select('c.serial')
    .whereRef('c.serial', '=', 's.serial')
    .where('c.revokedAt', '<=', now)
    .where(of => of.or([of('c.revocationReason', 'is', null), of('c.revocationReason', '!=', 'superseded')]))
  return eb.and([eb('u.removedAt', 'is', null), eb.not(eb.exists(revoked)), isUserGood(eb as never, now)])
}

export function gateSessionsIn(db: Kysely<Database>): GateSessions {
  const open = (now: Time) =>
    db
      .selectFrom('gateSessions as s')
      .innerJoin('gateUsers as u', 'u.id', 's.userId')
      .innerJoin('holders as h', 'h.id', 'u.holderId')
      .where('s.endedAt', 'is', null)
      .where('s.expiresAt', '>', now)
  return {
    async open(session) {
      await db
        .insertInto('gateSessions')
        .values({ ...session, listed: null, unlisted: null })
        .execute()
    },
    find: (id, now) =>
      open(now)
        .select(['s.id', 's.userId', 's.createdAt', 's.expiresAt', 's.tokenExpiresAt', 's.serial'])
        .select(['u.means', 'u.holderId', 'h.commonName as name'])
        .where('s.id', '=', id)
        .where(eb => isGood(eb, now))
        .executeTakeFirst(),
    async extend(id, tokenExpiresAt) {
      const { numUpdatedRows } = await db
        .updateTable('gateSessions')
        .set(eb => ({
          tokenExpiresAt: eb
            .case()
            .when('tokenExpiresAt', '>', tokenExpiresAt)
            .then(eb.ref('tokenExpiresAt'))
            .else(tokenExpiresAt)
            .end(),
        }))
        .where('id', '=', id)
        .where('endedAt', 'is', null)
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },
    end: (which, at) => inTransaction(db, within => end(within, which, at)),
    async orphans(now, certificate) {
      const all = open(now)
        .select(['s.id', 'h.commonName as name'])
        .where(eb => eb.not(isGood(eb, now)))
      if (!certificate) return await all.execute()
      // One after the other: an "or" over two tables has no index.
      const presented = await all.where('s.serial', '=', certificate.serial).execute()
      const own = await all
        .where('u.holderId', '=', certificate.holderId)
        .where('u.removedAt', 'is', null)
        .execute()
      return [...new Map([...presented, ...own].map(session => [session.id, session])).values()]
    },
    async forget(before) {
      await db
        .deleteFrom('gateSessions')
        .where('tokenExpiresAt', '<', before)
        .where('expiresAt', '<', before)
        .where('listed', 'is', null)
        .execute()
    },
  }
}

/** For proxies as well, in the same transaction. */
async function end(
  db: Kysely<Database>,
  which: Parameters<GateSessions['end']>[0],
  at: Time,
): Promise<readonly string[]> {
  const [column, value] = 'id' in which ? (['id', which.id] as const) : (['userId', which.userId] as const)
  const ended = await db
    .updateTable('gateSessions')
    .set({ endedAt: at })
    .where(column, '=', value)
    .where('endedAt', 'is', null)
    .where('expiresAt', '>', at)
    .returning('id')
    .execute()
  if (ended.length > 0) await changeEndedList(db, at)
  return ended.map(({ id }) => id)
}
