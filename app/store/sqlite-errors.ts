import { conflict, unavailable } from './store-errors.ts'

const BUSY = 5
const CONSTRAINT_UNIQUE = 2067
const CONSTRAINT_PRIMARY_KEY = 1555

/** Primary result codes of https://sqlite.org/rescode.html that are trouble of the machine, not of a statement. */
const TROUBLE: Readonly<Record<number, string>> = {
  [BUSY]: 'another program keeps it locked',
  6: 'another program keeps it locked',
  7: 'memory is short',
  8: 'it can only be read',
  10: 'the disk reported an error',
  11: 'its file is damaged',
  13: 'the disk is full',
  14: 'its file cannot be opened',
  26: 'its file is no SQLite database',
}

function resultCode(error: unknown): number {
  const { code, errcode } = Object(error) as { code?: unknown; errcode?: unknown }
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode : 0
}

export function isBusy(error: unknown): boolean {
  return (resultCode(error) & 0xff) === BUSY
}

/** What node:sqlite throws, as StoreConflict or AppError where it is one of those. */
export function translateSqlite(error: unknown): unknown {
  const code = resultCode(error)
  if (code === CONSTRAINT_UNIQUE || code === CONSTRAINT_PRIMARY_KEY) {
    const [, table, column] = /: (\w+)\.(\w+)/.exec((error as Error).message) ?? []
    return conflict(`${table}_${column}`, error)
  }
  const why = TROUBLE[code & 0xff]
  return why ? unavailable(why, error) : error
}
