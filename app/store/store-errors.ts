import { AppError } from '../errors.ts'
import { StoreConflict } from './store.ts'

/** @param why continues "The store is not available: ", without SQL, path or secret */
export function unavailable(why: string, cause: unknown): AppError {
  return new AppError('STORE_UNAVAILABLE', `The store is not available: ${why}. Try again later.`, { cause })
}

/** By the name of the unique index, which in SQLite is said as `table.column`. */
const CONFLICTS: Readonly<Record<string, StoreConflict['what']>> = {
  certificates_serial: 'serial',
  certificates_fingerprint256: 'fingerprint',
  holders_name_key: 'name',
  outbox_key: 'key',
}

/** The error itself when it is about an index that callers need not know. */
export function conflict(index: string, cause: unknown): unknown {
  const what = CONFLICTS[index]
  return what ? new StoreConflict(what, { cause }) : cause
}
