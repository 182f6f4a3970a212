import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { patience } from './patience.ts'
import { translateSqlite } from './sqlite-errors.ts'
import { unavailable } from './store-errors.ts'

// Said, and not left to how SQLite was compiled: an acknowledged revocation must survive a power failure.
const PRAGMAS = ['journal_mode = wal', 'synchronous = full', 'foreign_keys = on']

/**
 * @param path of a file, or `:memory:`
 * @param create whether a missing file and its folder are made, for this user only
 * @throws AppError STORE_UNAVAILABLE
 */
export async function openSqliteFile(path: string, create: boolean): Promise<DatabaseSync> {
  const file = path === ':memory:' ? path : resolve(path)
  if (file !== ':memory:') prepareFile(file, create)
  try {
    // Waiting inside SQLite would stop the whole process; see patience.ts.
    const database = new DatabaseSync(file, { timeout: 0 })
    const patiently = patience()
    for (const pragma of PRAGMAS) await patiently(async () => database.exec(`pragma ${pragma}`))
    return database
  } catch (error) {
    throw translateSqlite(error)
  }
}

/** SQLite gives the files beside it the mode of this one. */
function prepareFile(file: string, create: boolean): void {
  if (!create && !existsSync(file)) throw unavailable('there is no such file', undefined)
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    closeSync(openSync(file, 'a', 0o600))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw unavailable(`${file} cannot be opened (${code}); GATEHOUSE_DATABASE_URL says where it is`, error)
  }
}
