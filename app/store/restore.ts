import type { Kysely } from 'kysely'
import { AppError } from '../errors.ts'
import { auditTrailIn } from './audit-trail.ts'
import { type BackupTable, TABLE_NAMES } from './backup-format.ts'
import type { Database } from './database.ts'
import { auditMerger } from './merge-audit.ts'
import { mergeCertificates } from './merge-certificates.ts'
import { mergeHolders, mergeMails, mergeOnce, mergeRequests, mergeRevocationListHead } from './merge-rows.ts'
import { changeProxyList } from './proxy-list.ts'
import { type BackupBatch, invalidBackup, readBackup } from './read-backup.ts'
import { StoreConflict } from './store.ts'

export interface RestoreReport {
  /** When the backup was made. */
  readonly backupAt: string
  /** Rows that were not there. */
  readonly added: Readonly<Record<BackupTable, number>>
  /** Rows that were there, and of which the backup knew more: a revocation, a decision. */
  readonly changed: Readonly<Record<BackupTable, number>>
}

/**
 * Adds what a backup has and the store has not, all or nothing, while others use the store. Nothing is taken back: what is
 * revoked or decided in either is so afterwards.
 * @throws AppError BACKUP_INVALID, AUDIT_BROKEN
 */
export async function restore(
  db: Kysely<Database>,
  now: Date,
  source: AsyncIterable<Uint8Array>,
): Promise<RestoreReport> {
  try {
    return await db.transaction().execute(within => restoreWithin(within, now, source))
  } catch (error) {
    if (!isContradiction(error)) throw error
    throw invalidBackup('it contradicts itself or the store', { cause: error })
  }
}

/** How many rows were new, and how many were there and are changed. */
export interface Merged {
  readonly added: number
  readonly changed: number
}

async function restoreWithin(
  db: Kysely<Database>,
  now: Date,
  source: AsyncIterable<Uint8Array>,
): Promise<RestoreReport> {
  const added = zeros()
  const changed = zeros()
  const merge = await mergerIn(db)
  let backupAt = ''
  for await (const piece of readBackup(source)) {
    if ('header' in piece) {
      backupAt = piece.header.at
      continue
    }
    const merged = await merge(piece)
    added[piece.table] += merged.added
    changed[piece.table] += merged.changed
  }
  if (added.certificates + changed.certificates > 0) await changeProxyList(db, now.getTime())
  const report = { backupAt, added, changed }
  await auditTrailIn(db).append({ event: 'STORE_RESTORED', at: now.getTime(), actor: null, ...report })
  return report
}

async function mergerIn(db: Kysely<Database>): Promise<(batch: BackupBatch) => Promise<Merged>> {
  /** From the id of a holder in the backup to that of the same person in the store. */
  const holderIds = new Map<string, string>()
  const mergeAudit = await auditMerger(db)
  return batch => {
    switch (batch.table) {
      case 'holders':
        return mergeHolders(db, batch.rows, holderIds)
      case 'certificates':
        return mergeCertificates(db, batch.rows, holderIds)
      case 'requests':
        return mergeRequests(db, batch.rows)
      case 'once':
        return mergeOnce(db, batch.rows)
      case 'auditEvents':
        return mergeAudit(batch.rows)
      case 'outbox':
        return mergeMails(db, batch.rows)
      case 'revocationListHead':
        return mergeRevocationListHead(db, batch.rows)
    }
  }
}

function zeros(): Record<BackupTable, number> {
  return Object.fromEntries(TABLE_NAMES.map(name => [name, 0])) as Record<BackupTable, number>
}

/** A constraint of the database says no: SQLite's result code 19, PostgreSQL's class 23. */
function isContradiction(error: unknown): boolean {
  if (error instanceof AppError) return false
  const { code, errcode } = Object(error) as { code?: unknown; errcode?: unknown }
  return error instanceof StoreConflict || String(code).startsWith('23') || (Number(errcode) & 0xff) === 19
}
