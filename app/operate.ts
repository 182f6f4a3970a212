// What an operator does to the store, while the application runs or before it does.
import { parseArgs } from 'node:util'
import type { Kysely } from 'kysely'
import { readDatabaseUrl } from './database-url.ts'
import { AppError } from './errors.ts'
import { backUp } from './store/back-up.ts'
import { readBackupFile, writeBackupFile } from './store/backup-file.ts'
import type { Database } from './store/database.ts'
import { openDatabase } from './store/open-store.ts'
import { restore } from './store/restore.ts'
import { verifyAudit } from './store/verify-audit.ts'

const USAGE = `Usage: npm run -s operate -- COMMAND

  backup FILE     write all that the store knows to FILE; the application may run
  restore FILE    add what FILE has and the store has not; nothing is taken back
  audit verify    look for events that were changed, removed or moved

FILE is - for standard output or input. The store is the one that GATEHOUSE_DATABASE_URL,
or the file in GATEHOUSE_DATABASE_URL_FILE, says; without either, sqlite:data/gatehouse.sqlite.`

type Work = (db: Kysely<Database>) => Promise<void>

interface Command {
  /** Only a restore may make a store: a backup of one that is not there would be empty, and nobody would see it. */
  readonly create: boolean
  readonly work: Work
}

function parseCommand(words: readonly string[]): Command | undefined {
  const [name, word, ...more] = words
  if (word === undefined || word === '' || more.length > 0) return undefined
  if (name === 'backup') return { create: false, work: db => backup(db, word) }
  if (name === 'restore') return { create: true, work: db => restoreFrom(db, word) }
  if (name === 'audit' && word === 'verify') return { create: false, work: audit }
  return undefined
}

async function backup(db: Kysely<Database>, file: string): Promise<void> {
  const produce = (write: (text: string) => Promise<void>) => backUp(db, new Date(), write)
  const counts = await (file === '-' ? produce(toStdout) : writeBackupFile(file, produce))
  // Standard output may be the backup itself.
  console.error(`Backed up: ${list(counts)}.`)
  // A backup with a broken trail is better than none; but its restore will be refused, so it is said now.
  await audit(db)
}

function toStdout(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, error => (error ? reject(error) : resolve()))
  })
}

async function restoreFrom(db: Kysely<Database>, file: string): Promise<void> {
  const source = file === '-' ? process.stdin : readBackupFile(file)
  const { backupAt, added, changed } = await restore(db, new Date(), source)
  console.error(
    `Restored the backup of ${backupAt}. Added: ${list(added)}. Brought up to date: ${list(changed)}.`,
  )
}

async function audit(db: Kysely<Database>): Promise<void> {
  const { head, fault } = await verifyAudit(db)
  if (fault) {
    throw new AppError(
      'AUDIT_BROKEN',
      `The audit trail is broken at event ${fault.sequence}: ${fault.problem}.`,
    )
  }
  console.error(`The audit trail holds: ${head.sequence} events, the last has the hash ${head.hash}.`)
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${NAMES[name]}`)
    .join(', ')
}

const NAMES: Readonly<Record<string, string>> = {
  holders: 'holders',
  certificates: 'certificates',
  requests: 'requests',
  once: 'things done once',
  auditEvents: 'audit events',
  outbox: 'mails',
  gateUsers: 'users of the gate',
  gateRecoveryCodes: 'recovery codes',
  revocationListHead: 'numbers of revocation lists',
}

async function operate({ create, work }: Command): Promise<void> {
  const db = await openDatabase({ url: readDatabaseUrl(process.env), create })
  try {
    await work(db)
  } finally {
    await db.destroy()
  }
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: { help: { type: 'boolean', short: 'h' } },
})
const command = parseCommand(positionals)
try {
  if (values.help) console.log(USAGE)
  else if (command && Object.keys(values).length === 0) await operate(command)
  else {
    console.error(USAGE)
    process.exitCode = 2
  }
} catch (error) {
  if (!(error instanceof AppError)) throw error
  console.error(error.message)
  process.exitCode = error.code === 'CONFIG_INVALID' ? 2 : 1
}
