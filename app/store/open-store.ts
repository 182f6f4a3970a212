import { CamelCasePlugin, type Dialect, Kysely } from 'kysely'
import { AppError } from '../errors.ts'
import { createStore } from './create-store.ts'
import type { Database } from './database.ts'
import { migrate } from './migrations.ts'
import { OneWriterPostgresDialect } from './postgres-dialect.ts'
import { NodeSqliteDialect } from './sqlite-dialect.ts'
import { openSqliteFile } from './sqlite-file.ts'
import type { Store } from './store.ts'

export interface DatabaseOptions {
  /** `sqlite:FILE`, `sqlite::memory:` or `postgres://...` */
  readonly url: string
  /** Whether a SQLite file that is not there is made; left out, it is. */
  readonly create?: boolean
}

/**
 * Opens the store, whose tables are made or brought to this version.
 * @throws AppError STORE_UNAVAILABLE, CONFIG_INVALID
 */
export async function openStore({ now, ...options }: DatabaseOptions & { now: () => Date }): Promise<Store> {
  return createStore(await openDatabase(options), now)
}

/** The same, without what the store makes of it. */
export async function openDatabase(options: DatabaseOptions): Promise<Kysely<Database>> {
  const db = databaseOver(await dialectOf(options))
  try {
    await migrate(db)
    return db
  } catch (error) {
    await db.destroy()
    throw error
  }
}

export function databaseOver(dialect: Dialect): Kysely<Database> {
  return new Kysely<Database>({ dialect, plugins: [new CamelCasePlugin()] })
}

async function dialectOf({ url, create = true }: DatabaseOptions): Promise<Dialect> {
  const [, kind, rest] = /^(sqlite|postgres|postgresql):(.+)$/s.exec(url) ?? []
  if (kind === 'sqlite' && rest) return new NodeSqliteDialect(await openSqliteFile(rest, create))
  if (kind && URL.canParse(url)) return new OneWriterPostgresDialect(url)
  // It may hold a password, so it is not repeated.
  throw new AppError(
    'CONFIG_INVALID',
    'The database URL is not usable. It must be sqlite:FILE, such as sqlite:data/gatehouse.sqlite, or postgres://USER:PASSWORD@HOST:PORT/DATABASE.',
  )
}
