import type { Caller } from '../authority/caller.ts'
import { holderOf } from '../authority/revoke.ts'
import { isAtLeast } from '../identity/levels.ts'
import type { PasteRow, Store } from '../store/store.ts'

/**
 * Whose a paste of this caller is: the person's, where the authority knows one, so that a renewed certificate goes on
 * with what the old one had; otherwise the certificate's. `null`: nobody's.
 */
export async function ownerOf(store: Store, caller: Caller): Promise<string | null> {
  const { level, fingerprint256 } = caller.identity
  const holder = isAtLeast(level, 'trusted') ? await holderOf(store, caller) : undefined
  if (holder !== undefined) return `holder:${holder}`
  return fingerprint256 === null ? null : `certificate:${fingerprint256}`
}

export function isOwnedBy(row: PasteRow, owner: string | null): boolean {
  return owner !== null && row.owner === owner
}
