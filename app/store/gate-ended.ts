import { type Kysely, sql } from 'kysely'
import type { Database } from './database.ts'
import { changeList, type ListedTable, listOver } from './listed.ts'
import type { ProxyList, Time } from './store.ts'

// Our own choice, as for certificates: a proxy whose clock is behind takes a token that has expired by ours.
const JOINS_UNTIL_MS = 5 * 60_000
const LEAVES_AFTER_MS = 2 * JOINS_UNTIL_MS

/** Sessions that have ended before their last token has. */
const ENDED: ListedTable = {
  rows: 'gateSessions',
  key: 'id',
  head: 'gateEndedHead',
  joins: at => sql`ended_at <= ${at} and listed is null and token_expires_at >= ${at - JOINS_UNTIL_MS}`,
  leaves: at => sql`listed is not null and token_expires_at < ${at - LEAVES_AFTER_MS}`,
}

export function endedListIn(db: Kysely<Database>, now: () => Date): ProxyList {
  return listOver(ENDED, db, now)
}

/** In the transaction of what ends a session. */
export async function changeEndedList(db: Kysely<Database>, at: Time): Promise<void> {
  await changeList(ENDED, db, at)
}
