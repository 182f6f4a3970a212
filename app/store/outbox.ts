import type { Kysely } from 'kysely'
import type { Database } from './database.ts'
import { inTransaction } from './in-transaction.ts'
import type { Mail, Outbox } from './store.ts'

export function outboxIn(db: Kysely<Database>): Outbox {
  return {
    async add(mail) {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('outbox')
        .values({ ...mail, attachments: JSON.stringify(mail.attachments) })
        .onConflict(conflict => conflict.column('key').doNothing())
        .executeTakeFirst()
      return numInsertedOrUpdatedRows === 1n
    },
    // One at a time: PostgreSQL would hand the same rows to two that ask in the same moment.
    claim: due => inTransaction(db, within => claim(within, due)),
    async sent(id, at) {
      await db.updateTable('outbox').set({ sentAt: at, lastError: null }).where('id', '=', id).execute()
    },
    async failed(id, { error, nextAttemptAt }) {
      await db
        .updateTable('outbox')
        .set(eb => ({ attempts: eb('attempts', '+', 1), lastError: error, nextAttemptAt }))
        .where('id', '=', id)
        .execute()
    },
  }
}

async function claim(
  db: Kysely<Database>,
  { now, claimUntil, limit }: Parameters<Outbox['claim']>[0],
): Promise<readonly Mail[]> {
  const claimed = await db
    .updateTable('outbox')
    .set({ nextAttemptAt: claimUntil })
    .where('id', 'in', eb =>
      eb
        .selectFrom('outbox')
        .select('id')
        .where('sentAt', 'is', null)
        .where('nextAttemptAt', '<=', now)
        .orderBy('nextAttemptAt')
        .orderBy('id')
        .limit(limit),
    )
    .returningAll()
    .execute()
  return claimed
    .map(row => ({ ...row, attachments: JSON.parse(row.attachments) }))
    .sort((one, other) => one.createdAt - other.createdAt)
}
