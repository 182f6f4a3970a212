import { CHAIN_START, type ChainVerdict, verifyChain, verifyEnd } from '../../pki/hash-chain.ts'
import type { Store } from '../store/store.ts'

// Our own choice: between two pages others have their turn.
const PAGE = 1_000

/**
 * The trail from its first event to the head of this moment. It only grows, so that it needs no snapshot, which would keep
 * everybody else waiting.
 */
export async function verifyTrail({ audit }: Pick<Store, 'audit'>): Promise<ChainVerdict> {
  const end = await audit.head()
  let head = CHAIN_START
  while (head.sequence < end.sequence) {
    const limit = Math.min(PAGE, end.sequence - head.sequence)
    const events = await audit.list({ after: head.sequence, limit })
    if (events.length === 0) break
    const verdict = verifyChain(events, head)
    if (verdict.fault) return verdict
    head = verdict.head
  }
  const fault = verifyEnd(head, end)
  return fault ? { head, fault } : { head }
}
