import type { Kysely } from 'kysely'
import {
  CHAIN_START,
  type ChainHead,
  type ChainLink,
  type ChainVerdict,
  verifyChain,
  verifyEnd,
} from '../../pki/hash-chain.ts'
import type { Database } from './database.ts'
import { inSnapshot, pagesOf } from './snapshot.ts'

/** Verifies the whole audit trail, from the first event to the head. */
export function verifyAudit(db: Kysely<Database>): Promise<ChainVerdict> {
  return inSnapshot(db, async within => {
    let head: ChainHead = CHAIN_START
    for await (const page of pagesOf(within, 'auditEvents', 'sequence')) {
      const verdict = verifyChain(page as unknown as readonly ChainLink[], head)
      if (verdict.fault) return verdict
      head = verdict.head
    }
    const expected = await within
      .selectFrom('auditHead')
      .select(['sequence', 'hash'])
      .executeTakeFirstOrThrow()
    const fault = verifyEnd(head, expected)
    return fault ? { head, fault } : { head }
  })
}
