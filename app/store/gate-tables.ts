import { type Kysely, sql } from 'kysely'
import type { Database } from './database.ts'

/** Migration 0005. */
export async function gateTables(db: Kysely<Database>): Promise<void> {
  await users(db)
  await sessions(db)
  await smallOnes(db)
}

async function users(db: Kysely<Database>): Promise<void> {
  await db.schema
    .createTable('gate_users')
    .addColumn('id', 'text', column => column.notNull().primaryKey())
    .addColumn('holder_id', 'text', column => column.notNull().references('holders.id'))
    .addColumn('means', 'text', column => column.notNull())
    .addColumn('serial', 'text')
    .addColumn('secret', 'text', column => column.notNull())
    .addColumn('last_step', 'bigint', column => column.notNull())
    .addColumn('created_at', 'bigint', column => column.notNull())
    .addColumn('last_login_at', 'bigint')
    .addColumn('removed_at', 'bigint')
    .execute()
  // One that was removed is in nobody's way.
  await sql`create unique index gate_users_holder_id on gate_users (holder_id) where removed_at is null`.execute(
    db,
  )
  await db.schema
    .createTable('gate_recovery_codes')
    .addColumn('hash', 'text', column => column.notNull().primaryKey())
    .addColumn('user_id', 'text', column => column.notNull().references('gate_users.id'))
    .addColumn('spent_at', 'bigint')
    .execute()
  await db.schema
    .createIndex('gate_recovery_codes_user')
    .on('gate_recovery_codes')
    .column('user_id')
    .execute()
}

async function sessions(db: Kysely<Database>): Promise<void> {
  const { schema } = db
  await schema
    .createTable('gate_sessions')
    .addColumn('id', 'text', column => column.notNull().primaryKey())
    .addColumn('user_id', 'text', column => column.notNull().references('gate_users.id'))
    .addColumn('created_at', 'bigint', column => column.notNull())
    .addColumn('expires_at', 'bigint', column => column.notNull())
    .addColumn('token_expires_at', 'bigint', column => column.notNull())
    .addColumn('serial', 'text')
    .addColumn('ended_at', 'bigint')
    .addColumn('listed', 'bigint')
    .addColumn('unlisted', 'bigint')
    .execute()
  const on = (columns: string, where: string) => sql.raw(`on gate_sessions (${columns}) where ${where}`)
  const indexes = {
    gate_sessions_user: sql.raw('on gate_sessions (user_id, ended_at, expires_at)'),
    gate_sessions_certificate: on('serial', 'serial is not null'),
    gate_sessions_open: on('expires_at', 'ended_at is null'),
    gate_sessions_forgotten: sql.raw('on gate_sessions (token_expires_at)'),
    gate_sessions_listed: on('listed, id', 'listed is not null'),
    gate_sessions_unlisted: on('unlisted, id', 'unlisted is not null'),
    gate_sessions_joining: on('token_expires_at, ended_at', 'ended_at is not null and listed is null'),
    gate_sessions_leaving: on('token_expires_at', 'listed is not null'),
  }
  for (const [name, rest] of Object.entries(indexes)) {
    await sql`create index ${sql.ref(name)} ${rest}`.execute(db)
  }
  await schema
    .createTable('gate_ended_head')
    .addColumn('id', 'integer', column => column.notNull().primaryKey())
    .addColumn('generation', 'bigint', column => column.notNull())
    .addCheckConstraint('gate_ended_head_is_one', sql`id = 1`)
    .execute()
  await db.insertInto('gateEndedHead').values({ id: 1, generation: 1 }).execute()
}

async function smallOnes({ schema }: Kysely<Database>): Promise<void> {
  await schema
    .createTable('gate_setups')
    .addColumn('id', 'text', column => column.notNull().primaryKey())
    .addColumn('means', 'text', column => column.notNull())
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('fingerprint256', 'text')
    .addColumn('invitation', 'text')
    .addColumn('secret', 'text', column => column.notNull())
    .addColumn('expires_at', 'bigint', column => column.notNull())
    .execute()
  await schema.createIndex('gate_setups_expiring').on('gate_setups').column('expires_at').execute()
  await schema
    .createTable('gate_invitations')
    .addColumn('hash', 'text', column => column.notNull().primaryKey())
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('name_key', 'text', column => column.notNull().unique())
    .addColumn('holder_id', 'text')
    .addColumn('expires_at', 'bigint', column => column.notNull())
    .execute()
  await schema
    .createTable('gate_delays')
    .addColumn('key', 'text', column => column.notNull().primaryKey())
    .addColumn('failures', 'bigint', column => column.notNull())
    .addColumn('delayed_until', 'bigint', column => column.notNull())
    .addColumn('forget_at', 'bigint', column => column.notNull())
    .execute()
  await schema.createIndex('gate_delays_forgotten').on('gate_delays').column('forget_at').execute()
}
