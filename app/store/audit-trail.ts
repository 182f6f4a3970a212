import type { Kysely } from 'kysely'
import { canonicalJson, chainHash } from '../../pki/hash-chain.ts'
import type { Database } from './database.ts'
import { inTransaction } from './in-transaction.ts'
import type { AuditTrail, ChainedEvent } from './store.ts'

export function auditTrailIn(db: Kysely<Database>): AuditTrail {
  return {
    append: event => inTransaction(db, within => append(within, event)),
    list: ({ after, limit }) =>
      db
        .selectFrom('auditEvents')
        .selectAll()
        .where('sequence', '>', after)
        .orderBy('sequence')
        .limit(limit)
        .execute(),
    before: ({ sequence, limit }) =>
      db
        .selectFrom('auditEvents')
        .selectAll()
        .where('sequence', '<', sequence)
        .orderBy('sequence', 'desc')
        .limit(limit)
        .execute(),
    head: () => db.selectFrom('auditHead').select(['sequence', 'hash']).executeTakeFirstOrThrow(),
  }
}

async function append(db: Kysely<Database>, event: Readonly<Record<string, unknown>>): Promise<ChainedEvent> {
  // The head first: from here to the end of the transaction nobody else can append, so the chain has no fork.
  const { sequence, hash: previousHash } = await db
    .updateTable('auditHead')
    .set(eb => ({ sequence: eb('sequence', '+', 1) }))
    .returning(['sequence', 'hash'])
    .executeTakeFirstOrThrow()
  const record = canonicalJson({ ...event, sequence })
  const chained = { sequence, record, previousHash, hash: chainHash(previousHash, record) }
  await db.insertInto('auditEvents').values(chained).execute()
  await db.updateTable('auditHead').set({ hash: chained.hash }).execute()
  return chained
}
