import type { Kysely } from 'kysely'
import type { Database } from './database.ts'
import type { GateInvitations, GateSetups } from './gate-store.ts'

export function gateSetupsIn(db: Kysely<Database>): GateSetups {
  return {
    async add(setup) {
      await db.insertInto('gateSetups').values(setup).execute()
    },
    find: (id, now) =>
      db
        .selectFrom('gateSetups')
        .selectAll()
        .where('id', '=', id)
        .where('expiresAt', '>', now)
        .executeTakeFirst(),
    async take(id, now) {
      const { numDeletedRows } = await db
        .deleteFrom('gateSetups')
        .where('id', '=', id)
        .where('expiresAt', '>', now)
        .executeTakeFirst()
      return numDeletedRows === 1n
    },
    async forget(before) {
      await db.deleteFrom('gateSetups').where('expiresAt', '<', before).execute()
    },
  }
}

export function gateInvitationsIn(db: Kysely<Database>): GateInvitations {
  return {
    async add(invitation) {
      const { nameKey: _, ...news } = invitation
      await db
        .insertInto('gateInvitations')
        .values(invitation)
        .onConflict(conflict => conflict.column('nameKey').doUpdateSet(news))
        .execute()
    },
    find: (hash, now) =>
      db
        .selectFrom('gateInvitations')
        .selectAll()
        .where('hash', '=', hash)
        .where('expiresAt', '>', now)
        .executeTakeFirst(),
    list: ({ now, limit }) =>
      db
        .selectFrom('gateInvitations')
        .selectAll()
        .where('expiresAt', '>', now)
        .orderBy('expiresAt')
        .orderBy('hash')
        .limit(limit)
        .execute(),
    async take(hash) {
      await db.deleteFrom('gateInvitations').where('hash', '=', hash).execute()
    },
    async forget(before) {
      await db.deleteFrom('gateInvitations').where('expiresAt', '<', before).execute()
    },
  }
}
