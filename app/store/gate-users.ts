import type { ExpressionBuilder, Kysely } from 'kysely'
import type { Database } from './database.ts'
import { recoveryCodesIn } from './gate-recovery-codes.ts'
import type { GateUsers } from './gate-store.ts'
import { inTransaction } from './in-transaction.ts'
import { StoreConflict, type Time } from './store.ts'

/** A query about users; whatever else is joined. */
type UserBuilder = ExpressionBuilder<Database & { u: Database['gateUsers'] }, 'u'>

/**
 * A user who was set up with a certificate has no more than it: not when it was revoked (a successor is no suspicion),
 * and not when its holder has no valid one.
 */
export function isUserGood(eb: UserBuilder, now: Time) {
  const certificates = () => eb.selectFrom('certificates as c').select('c.serial')
  const ownIsGood = certificates()
    .whereRef('c.serial', '=', 'u.serial')
    .where(of =>
      of.or([
        of('c.revokedAt', 'is', null),
        of('c.revokedAt', '>', now),
        of('c.revocationReason', '=', 'superseded'),
      ]),
    )
  const anyIsValid = certificates()
    .whereRef('c.holderId', '=', 'u.holderId')
    // As good as its state, of which there is an index that SQLite would prefer to that of the holder.
    .where('c.pem', 'is not', null)
    .where('c.notAfter', '>', now)
    .where(of => of.or([of('c.revokedAt', 'is', null), of('c.revokedAt', '>', now)]))
  return eb.or([eb('u.serial', 'is', null), eb.and([eb.exists(ownIsGood), eb.exists(anyIsValid)])])
}

export function gateUsersIn(db: Kysely<Database>): GateUsers {
  const persons = () =>
    db
      .selectFrom('gateUsers as u')
      .innerJoin('holders as h', 'h.id', 'u.holderId')
      .selectAll('u')
      .select('h.commonName as name')
  const present = () => persons().where('u.removedAt', 'is', null)
  return {
    add: (user, hashes) =>
      inTransaction(db, async within => {
        // An error would end a PostgreSQL transaction, in which the caller may still want to say who it is.
        const { numInsertedOrUpdatedRows } = await within
          .insertInto('gateUsers')
          .values(user)
          .onConflict(conflict => conflict.column('holderId').where('removedAt', 'is', null).doNothing())
          .executeTakeFirst()
        if (numInsertedOrUpdatedRows !== 1n) throw new StoreConflict('gate user')
        const codes = hashes.map(hash => ({ hash, userId: user.id, spentAt: null }))
        await within.insertInto('gateRecoveryCodes').values(codes).execute()
      }),
    find: id => persons().where('u.id', '=', id).executeTakeFirst(),
    byHolder: holderId => present().where('u.holderId', '=', holderId).executeTakeFirst(),
    byNameKey: nameKey => present().where('h.nameKey', '=', nameKey).executeTakeFirst(),
    async wasOne(holderId) {
      const any = persons().where('u.holderId', '=', holderId).limit(1)
      return (await any.executeTakeFirst()) !== undefined
    },
    list: ({ now, after, limit }) =>
      present()
        .select(eb => [
          eb
            .selectFrom('gateRecoveryCodes as r')
            .select(of => of.fn.countAll<number>().as('count'))
            .whereRef('r.userId', '=', 'u.id')
            .where('r.spentAt', 'is', null)
            .as('recoveryCodesLeft'),
          eb
            .selectFrom('gateSessions as s')
            .select(of => of.fn.countAll<number>().as('count'))
            .whereRef('s.userId', '=', 'u.id')
            .where('s.endedAt', 'is', null)
            .where('s.expiresAt', '>', now)
            .as('sessions'),
        ])
        .$narrowType<{ recoveryCodesLeft: number; sessions: number }>()
        .where('u.id', '>', after)
        .orderBy('u.id')
        .limit(limit)
        .execute(),
    async isGood(id, now) {
      const row = await db
        .selectFrom('gateUsers as u')
        .select('u.id')
        .where('u.id', '=', id)
        .where('u.removedAt', 'is', null)
        .where(eb => isUserGood(eb, now))
        .executeTakeFirst()
      return row !== undefined
    },
    async advance(id, step, at) {
      const { numUpdatedRows } = await db
        .updateTable('gateUsers')
        .set({ lastStep: step, lastLoginAt: at })
        .where('id', '=', id)
        .where('lastStep', '<', step)
        .where('removedAt', 'is', null)
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },
    ...recoveryCodesIn(db),
    remove: (id, at) => inTransaction(db, within => remove(within, id, at)),
  }
}

async function remove(db: Kysely<Database>, id: string, at: Time): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('gateUsers')
    .set({ removedAt: at, secret: '' })
    .where('id', '=', id)
    .where('removedAt', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) return false
  await db.deleteFrom('gateRecoveryCodes').where('userId', '=', id).execute()
  return true
}
