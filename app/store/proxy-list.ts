import { type Kysely, sql } from 'kysely'
import type { Database } from './database.ts'
import { changeList, type ListedTable, listOver, takeOffList } from './listed.ts'
import type { ProxyList, Time } from './store.ts'

// Our own choice: a proxy whose clock is behind takes a certificate that has expired by ours. Who has left the list does
// not come back: of two processes with different clocks each would undo what the other does.
const JOINS_UNTIL_MS = 86_400_000
const LEAVES_AFTER_MS = 2 * JOINS_UNTIL_MS

/** Serial numbers of revoked certificates. */
const REVOKED: ListedTable = {
  rows: 'certificates',
  key: 'serial',
  head: 'revocationListHead',
  joins: at => sql`revoked_at <= ${at} and listed is null and not_after >= ${at - JOINS_UNTIL_MS}`,
  leaves: at => sql`listed is not null and not_after < ${at - LEAVES_AFTER_MS}`,
}

export function proxyListIn(db: Kysely<Database>, now: () => Date): ProxyList {
  return listOver(REVOKED, db, now)
}

/**
 * In the transaction of whatever changes what is revoked, also when that is the reason only: the certificate revocation
 * list is made anew for each generation.
 */
export function changeProxyList(db: Kysely<Database>, at: Time): Promise<number> {
  return changeList(REVOKED, db, at)
}

/** For what is not revoked any more. In its transaction. */
export function takeOffProxyList(db: Kysely<Database>, serial: string, at: Time): Promise<void> {
  return takeOffList(REVOKED, db, serial, at)
}
