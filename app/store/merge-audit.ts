import type { Kysely } from 'kysely'
import { CHAIN_START, verifyChain } from '../../pki/hash-chain.ts'
import { AppError } from '../errors.ts'
import type { Database } from './database.ts'
import type { Merged } from './restore.ts'
import type { ChainedEvent } from './store.ts'

/**
 * Continues the store's audit trail with that of a backup. One of the two must begin with the whole of the other:
 * two different pasts cannot be one.
 */
export async function auditMerger(
  db: Kysely<Database>,
): Promise<(rows: readonly ChainedEvent[]) => Promise<Merged>> {
  // Taken for the rest of the transaction, as an event is appended.
  const there = await db
    .updateTable('auditHead')
    .set(eb => ({ sequence: eb.ref('sequence') }))
    .returning('sequence')
    .executeTakeFirstOrThrow()
  let head = CHAIN_START
  return async rows => {
    const verdict = verifyChain(rows, head)
    if (verdict.fault) {
      const { sequence, problem } = verdict.fault
      throw broken(`the audit trail in the backup is broken at event ${sequence}: ${problem}`)
    }
    head = verdict.head
    await compare(
      db,
      rows.filter(row => row.sequence <= there.sequence),
    )
    const added = rows.filter(row => row.sequence > there.sequence)
    if (added.length > 0) {
      await db.insertInto('auditEvents').values(added).execute()
      await db.updateTable('auditHead').set(head).execute()
    }
    return { added: added.length, changed: 0 }
  }
}

async function compare(db: Kysely<Database>, rows: readonly ChainedEvent[]): Promise<void> {
  if (rows.length === 0) return
  const sequences = rows.map(row => row.sequence)
  const there = await db
    .selectFrom('auditEvents')
    .select(['sequence', 'hash'])
    .where('sequence', 'in', sequences)
    .execute()
  const hashes = new Map(there.map(event => [event.sequence, event.hash]))
  const other = rows.find(row => hashes.get(row.sequence) !== row.hash)
  if (other) throw differ(other.sequence)
}

function differ(sequence: number): AppError {
  return broken(
    `the audit trails of the backup and of the store differ from event ${sequence} on. ` +
      'Restore it into an empty store, before the application is started with that',
  )
}

function broken(why: string): AppError {
  return new AppError('AUDIT_BROKEN', `The backup cannot be restored: ${why}. Nothing was changed.`)
}
