import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { CHAIN_START } from '../../pki/hash-chain.ts'
import { AppError } from '../errors.ts'
import type { Database } from './database.ts'
import { gateTables } from './gate-tables.ts'

/** What has been released is never changed: a change is a migration of its own, with the next number. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001_enrolment': { up: enrolment },
  '0002_revocation_lists': { up: revocationLists },
  '0003_proxy_list': { up: proxyList },
  '0004_pastes': { up: pastes },
  '0005_gate': { up: gateTables },
  '0006_certificate_pages': { up: certificatePages },
}

/**
 * Brings the tables to this version; several processes may do it at the same time.
 * @throws AppError CONFIG_INVALID when a newer version has been there
 */
export async function migrate(db: Kysely<Database>): Promise<void> {
  const provider = { getMigrations: async () => ({ ...MIGRATIONS }) }
  const { error } = await new Migrator({ db, provider }).migrateToLatest()
  if (error === undefined) return
  if (!/previously executed migration/.test(String(error))) throw error
  throw new AppError(
    'CONFIG_INVALID',
    'The store was written by a newer version of Gatehouse. Start that version, or restore a backup into an empty store.',
    { cause: error },
  )
}

// Text keys and integer milliseconds are the same on both databases; there is no type of which they differ.
async function enrolment(db: Kysely<Database>): Promise<void> {
  await holders(db)
  await certificates(db)
  await requests(db)
  await audit(db)
  await smallOnes(db)
}

async function holders({ schema }: Kysely<Database>): Promise<void> {
  await schema
    .createTable('holders')
    .addColumn('id', 'text', column => column.notNull().primaryKey())
    .addColumn('name_key', 'text', column => column.notNull())
    .addColumn('common_name', 'text', column => column.notNull())
    .addColumn('organisation', 'text')
    .addColumn('email', 'text')
    .addColumn('created_at', 'bigint', column => column.notNull())
    .execute()
  await schema.createIndex('holders_name_key').on('holders').column('name_key').unique().execute()
  await schema.createIndex('holders_organisation').on('holders').column('organisation').execute()
}

async function certificates({ schema }: Kysely<Database>): Promise<void> {
  await schema
    .createTable('certificates')
    .addColumn('serial', 'text', column => column.notNull())
    .addColumn('holder_id', 'text', column => column.notNull().references('holders.id'))
    .addColumn('state', 'text', column => column.notNull())
    .addColumn('common_name', 'text', column => column.notNull())
    .addColumn('organisation', 'text')
    .addColumn('email', 'text')
    .addColumn('spki256', 'text', column => column.notNull())
    .addColumn('not_before', 'bigint', column => column.notNull())
    .addColumn('not_after', 'bigint', column => column.notNull())
    .addColumn('to_be_signed', 'text', column => column.notNull())
    .addColumn('fingerprint256', 'text')
    .addColumn('pem', 'text')
    .addColumn('origin', 'text', column => column.notNull())
    .addColumn('requested_by', 'text')
    .addColumn('recorded_at', 'bigint', column => column.notNull())
    .addColumn('issued_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .addColumn('revocation_reason', 'text')
    .addColumn('revoked_by', 'text')
    .addColumn('search_text', 'text', column => column.notNull())
    .addPrimaryKeyConstraint('certificates_serial', ['serial'])
    .execute()
  const index = (name: string, ...columns: string[]) =>
    schema.createIndex(`certificates_${name}`).on('certificates').columns(columns)
  await index('fingerprint256', 'fingerprint256').unique().execute()
  await index('newest', 'recorded_at', 'serial').execute()
  await index('holder', 'holder_id', 'recorded_at', 'serial').execute()
  await index('key', 'spki256').execute()
  await index('status', 'state', 'revoked_at', 'not_after').execute()
  await index('unfinished', 'state', 'recorded_at').execute()
  await index('expiring', 'not_after').execute()
}

async function requests({ schema }: Kysely<Database>): Promise<void> {
  await schema
    .createTable('requests')
    .addColumn('id', 'text', column => column.notNull().primaryKey())
    .addColumn('sha256', 'text', column => column.notNull())
    .addColumn('status', 'text', column => column.notNull())
    .addColumn('common_name', 'text', column => column.notNull())
    .addColumn('organisation', 'text')
    .addColumn('email', 'text')
    .addColumn('csr', 'text')
    .addColumn('spki256', 'text')
    .addColumn('warnings', 'text', column => column.notNull())
    .addColumn('requested_at', 'bigint', column => column.notNull())
    .addColumn('requested_from', 'text')
    .addColumn('decided_at', 'bigint')
    .addColumn('decided_by', 'text')
    .addColumn('reason', 'text')
    .addColumn('serial', 'text')
    .execute()
  const index = (name: string, ...columns: string[]) =>
    schema.createIndex(`requests_${name}`).on('requests').columns(columns)
  await index('newest', 'requested_at', 'id').execute()
  await index('status', 'status', 'requested_at', 'id').execute()
}

async function audit(db: Kysely<Database>): Promise<void> {
  await db.schema
    .createTable('audit_events')
    .addColumn('sequence', 'bigint', column => column.notNull().primaryKey())
    .addColumn('record', 'text', column => column.notNull())
    .addColumn('previous_hash', 'text', column => column.notNull())
    .addColumn('hash', 'text', column => column.notNull())
    .execute()
  await db.schema
    .createTable('audit_head')
    .addColumn('id', 'integer', column => column.notNull().primaryKey())
    .addColumn('sequence', 'bigint', column => column.notNull())
    .addColumn('hash', 'text', column => column.notNull())
    .addCheckConstraint('audit_head_is_one', sql`id = 1`)
    .execute()
  await db
    .insertInto('auditHead')
    .values({ id: 1, ...CHAIN_START })
    .execute()
}

async function smallOnes({ schema }: Kysely<Database>): Promise<void> {
  await schema
    .createTable('once')
    .addColumn('name', 'text', column => column.notNull().primaryKey())
    .addColumn('spent_at', 'bigint', column => column.notNull())
    .addColumn('until', 'bigint', column => column.notNull())
    .execute()
  await schema.createIndex('once_spent').on('once').column('spent_at').execute()
  await schema.createIndex('once_until').on('once').column('until').execute()
  await schema
    .createTable('outbox')
    .addColumn('id', 'text', column => column.notNull().primaryKey())
    .addColumn('key', 'text', column => column.notNull())
    .addColumn('to', 'text', column => column.notNull())
    .addColumn('subject', 'text', column => column.notNull())
    .addColumn('text', 'text', column => column.notNull())
    .addColumn('attachments', 'text', column => column.notNull())
    .addColumn('created_at', 'bigint', column => column.notNull())
    .addColumn('attempts', 'integer', column => column.notNull())
    .addColumn('next_attempt_at', 'bigint', column => column.notNull())
    .addColumn('sent_at', 'bigint')
    .addColumn('last_error', 'text')
    .execute()
  await schema.createIndex('outbox_key').on('outbox').column('key').unique().execute()
  await schema.createIndex('outbox_due').on('outbox').columns(['sent_at', 'next_attempt_at']).execute()
  await schema
    .createTable('settings')
    .addColumn('name', 'text', column => column.notNull().primaryKey())
    .addColumn('value', 'text', column => column.notNull())
    .execute()
}

async function revocationLists(db: Kysely<Database>): Promise<void> {
  await db.schema
    .createTable('revocation_list_head')
    .addColumn('id', 'integer', column => column.notNull().primaryKey())
    .addColumn('number', 'bigint', column => column.notNull())
    .addColumn('begun_until', 'bigint', column => column.notNull())
    .addColumn('changes', 'bigint', column => column.notNull())
    .addCheckConstraint('revocation_list_head_is_one', sql`id = 1`)
    .execute()
  // A change, because what was revoked before is in no list yet.
  await sql`insert into revocation_list_head (id, number, begun_until, changes) values (1, 0, 0, 1)`.execute(
    db,
  )
  await db.schema
    .createTable('revocation_lists')
    .addColumn('number', 'bigint', column => column.notNull().primaryKey())
    .addColumn('changes', 'bigint', column => column.notNull())
    .addColumn('this_update', 'bigint', column => column.notNull())
    .addColumn('next_update', 'bigint', column => column.notNull())
    .addColumn('entries', 'bigint', column => column.notNull())
    .addColumn('der', 'text', column => column.notNull())
    .execute()
  // All that a list needs, in its order, so that the certificates themselves need not be read.
  await sql`create index certificates_revoked
    on certificates (revoked_at, serial, revocation_reason, not_after) where revoked_at is not null`.execute(
    db,
  )
}

async function proxyList(db: Kysely<Database>): Promise<void> {
  await db.schema.alterTable('revocation_list_head').renameColumn('changes', 'generation').execute()
  await db.schema.alterTable('revocation_lists').renameColumn('changes', 'generation').execute()
  await db.schema.alterTable('certificates').addColumn('listed', 'bigint').execute()
  await db.schema.alterTable('certificates').addColumn('unlisted', 'bigint').execute()
  const on = (columns: string, where: string) => sql.raw(`on certificates (${columns}) where ${where}`)
  const indexes = {
    certificates_listed: on('listed, serial', 'listed is not null'),
    certificates_unlisted: on('unlisted, serial', 'unlisted is not null'),
    // What will be due, and nothing else: the due ones are looked for every second.
    certificates_joining: on('not_after, revoked_at', 'revoked_at is not null and listed is null'),
    certificates_leaving: on('not_after', 'listed is not null'),
  }
  for (const [name, rest] of Object.entries(indexes)) {
    await sql`create index ${sql.ref(name)} ${rest}`.execute(db)
  }
}

async function pastes(db: Kysely<Database>): Promise<void> {
  const { schema } = db
  await schema
    .createTable('pastes')
    .addColumn('id', 'text', column => column.notNull().primaryKey())
    .addColumn('owner', 'text')
    .addColumn('owner_name', 'text')
    .addColumn('is_strangers', 'integer', column => column.notNull())
    .addColumn('sha256', 'text')
    .addColumn('size', 'bigint', column => column.notNull())
    .addColumn('media_type', 'text', column => column.notNull())
    .addColumn('file_name', 'text')
    .addColumn('is_private', 'integer', column => column.notNull())
    .addColumn('is_burning', 'integer', column => column.notNull())
    .addColumn('burnt_at', 'bigint')
    .addColumn('created_at', 'bigint', column => column.notNull())
    .addColumn('expires_at', 'bigint', column => column.notNull())
    .execute()
  const index = (name: string, ...columns: string[]) =>
    schema.createIndex(`pastes_${name}`).on('pastes').columns(columns)
  await index('newest', 'created_at', 'id').execute()
  await index('owner', 'owner', 'created_at', 'id').execute()
  await index('content', 'sha256').execute()
  await index('expiring', 'expires_at').execute()
  // All that the figures need, which are asked for with each new paste.
  await sql`create index pastes_figures on pastes (is_strangers, size) where sha256 is not null`.execute(db)
}

/** In each order in which pages show them, so that a page costs the same however many there are; and by day, for plots. */
async function certificatePages({ schema }: Kysely<Database>): Promise<void> {
  const index = (name: string, ...columns: string[]) =>
    schema.createIndex(`certificates_${name}`).on('certificates').columns(columns).execute()
  await index('by_name', 'search_text', 'serial')
  await index('by_expiry', 'not_after', 'serial')
  await index('issued', 'issued_at')
}
