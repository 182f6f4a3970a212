import { createHash } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import {
  type BackupTable,
  type Counts,
  FORMAT,
  FORMAT_VERSION,
  type Header,
  TABLE_NAMES,
  TABLES,
} from './backup-format.ts'
import type { Database } from './database.ts'
import { inSnapshot, pagesOf } from './snapshot.ts'

/**
 * Writes a backup of one moment, while others go on writing.
 * @param write takes the text in pieces; the next comes when it has resolved
 */
export function backUp(
  db: Kysely<Database>,
  now: Date,
  write: (text: string) => Promise<void>,
): Promise<Counts> {
  return inSnapshot(db, async within => {
    const sha256 = createHash('sha256')
    const add = async (lines: readonly unknown[]) => {
      const text = lines.map(line => `${JSON.stringify(line)}\n`).join('')
      sha256.update(text, 'utf8')
      await write(text)
    }
    const counts = await countsOf(within)
    const at = now.toISOString()
    await add([{ format: FORMAT, version: FORMAT_VERSION, at, counts } satisfies Header])
    for (const table of TABLE_NAMES) {
      for await (const page of pagesOf(within, table, TABLES[table].key)) {
        await add(page.map(row => ({ [table]: columnsOf(table, row) })))
      }
    }
    await write(`${JSON.stringify({ sha256: sha256.digest('hex') })}\n`)
    return counts
  })
}

/** Without what is made anew when a row is written. What is there is written as it is: a backup refuses nothing. */
function columnsOf(table: BackupTable, row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const names = Object.keys(TABLES[table].row.shape)
  return Object.fromEntries(names.map(name => [name, row[name]]))
}

async function countsOf(db: Kysely<Database>): Promise<Counts> {
  const counts: Partial<Record<BackupTable, number>> = {}
  for (const table of TABLE_NAMES) {
    const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.table(table)}`.execute(
      db,
    )
    counts[table] = rows[0]?.count ?? 0
  }
  return counts as Counts
}
