import type { Kysely } from 'kysely'
import type { Database } from './database.ts'
import { inTransaction } from './in-transaction.ts'
import { changeProxyList, takeOffProxyList } from './proxy-list.ts'
import type { Certificates, RevokedQuery, RevokedRow, Time } from './store.ts'

type Revocation = Parameters<Certificates['revoke']>[1]

export function revocationsIn(
  db: Kysely<Database>,
  now: () => Date,
): Pick<Certificates, 'revoke' | 'unhold' | 'revoked'> {
  return {
    revoke: (serial, revocation) =>
      inTransaction(db, async within => {
        const at = now().getTime()
        const isChanged = await revoke(within, serial, revocation)
        // What lies ahead is put on the list when its time has come.
        if (isChanged && revocation.at <= at) await changeProxyList(within, at)
        return isChanged
      }),
    unhold: serial =>
      inTransaction(db, async within => {
        const isChanged = await unhold(within, serial)
        if (isChanged) await takeOffProxyList(within, serial, now().getTime())
        return isChanged
      }),
    revoked: query => revoked(db, query),
  }
}

async function revoke(
  db: Kysely<Database>,
  serial: string,
  { at, reason, by }: Revocation,
): Promise<boolean> {
  const isHold = reason === 'certificateHold'
  if (!isHold && (await endHold(db, serial, { at, reason, by }))) return true
  const { numUpdatedRows } = await db
    .updateTable('certificates')
    .set({ revokedAt: at, revocationReason: reason, revokedBy: by })
    .where('serial', '=', serial)
    .where(eb => eb.or([eb('revokedAt', 'is', null), ...(isHold ? [] : [eb('revokedAt', '>', at)])]))
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

async function endHold(
  db: Kysely<Database>,
  serial: string,
  { at, reason, by }: Revocation,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('certificates')
    .set({ revocationReason: reason, revokedBy: by })
    .where('serial', '=', serial)
    .where('revocationReason', '=', 'certificateHold')
    .where('revokedAt', '<=', at)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

async function unhold(db: Kysely<Database>, serial: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('certificates')
    .set({ revokedAt: null, revocationReason: null, revokedBy: null })
    .where('serial', '=', serial)
    .where('revocationReason', '=', 'certificateHold')
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Whoever is revoked later comes later: what is added while the pages are read is on none of them, or on the last. */
function revoked(
  db: Kysely<Database>,
  { at, notExpiredBefore, after, limit }: RevokedQuery,
): Promise<readonly RevokedRow[]> {
  return db
    .selectFrom('certificates')
    .select(['serial', 'revokedAt', 'revocationReason'])
    .$narrowType<{ revokedAt: Time }>()
    .where('revokedAt', '<=', at)
    .where('notAfter', '>=', notExpiredBefore)
    .$if(after !== undefined, page =>
      page.where(eb =>
        eb(eb.refTuple('revokedAt', 'serial'), '>', eb.tuple(after?.revokedAt ?? 0, after?.serial ?? '')),
      ),
    )
    .orderBy('revokedAt')
    .orderBy('serial')
    .limit(limit)
    .execute()
}
