import {
  CompiledQuery,
  type DatabaseConnection,
  PostgresDialect,
  type PostgresDialectConfig,
  PostgresDriver,
  type TransactionSettings,
} from 'kysely'
import { Pool, type PoolConfig, TypeOverrides } from 'pg'
import { translatePostgres } from './postgres-errors.ts'

const INT8 = 20
// Any number, as long as no other program in the same database has it.
const WRITER_LOCK = 7_041_872_309

/** Our own choice: as long as SQLite waits for a lock; what hangs longer than a transaction of ours takes is ended. */
const TIMES = {
  connectionTimeoutMillis: 5_000,
  lock_timeout: 5_000,
  statement_timeout: 30_000,
  idle_in_transaction_session_timeout: 30_000,
} as const satisfies PoolConfig

/** Kysely's PostgreSQL dialect with SQLite's rule: of the transactions that write, one runs at a time. */
export class OneWriterPostgresDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig

  constructor(connectionString: string) {
    const config = configOver(connectionString)
    super(config)
    this.#config = config
  }

  override createDriver(): PostgresDriver {
    return new OneWriterDriver(this.#config)
  }
}

function configOver(connectionString: string): PostgresDialectConfig {
  const types = new TypeOverrides()
  types.setTypeParser(INT8, Number)
  const pool = new Pool({ connectionString, types, application_name: 'gatehouse', keepAlive: true, ...TIMES })
  // Whoever asks next is told; without a listener, a connection that ends unasked would end the process.
  pool.on('error', () => {})
  pool.on('connect', client => client.on('error', () => {}))
  return {
    pool: {
      options: pool.options,
      connect: () =>
        pool.connect().catch(error => {
          throw translatePostgres(error)
        }),
      end: () => pool.end(),
    },
    onCreateConnection: async connection => translating(connection),
  }
}

function translating(connection: DatabaseConnection): void {
  const execute = connection.executeQuery.bind(connection)
  connection.executeQuery = async (query, options) => {
    try {
      return await execute(query, options)
    } catch (error) {
      throw translatePostgres(error)
    }
  }
}

type Connection = Parameters<PostgresDriver['rollbackTransaction']>[0]

class OneWriterDriver extends PostgresDriver {
  override async beginTransaction(connection: Connection, settings: TransactionSettings): Promise<void> {
    await super.beginTransaction(connection, settings)
    if (settings.accessMode === 'read only') return
    try {
      await connection.executeQuery(CompiledQuery.raw(`select pg_advisory_xact_lock(${WRITER_LOCK})`))
    } catch (error) {
      await this.rollbackTransaction(connection)
      throw error
    }
  }
}
