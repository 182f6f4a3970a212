import { createHash } from 'node:crypto'
import { AppError } from '../errors.ts'
import {
  type BackupRows,
  type BackupTable,
  FORMAT_VERSION,
  HEADER,
  type Header,
  TABLE_NAMES,
  TABLES,
  TRAILER,
} from './backup-format.ts'

/** Rows of one table, in the order of the file. */
export type BackupBatch = {
  readonly [Table in BackupTable]: { readonly table: Table; readonly rows: readonly BackupRows[Table][] }
}[BackupTable]

// Our own choice: what one statement takes in either database; and a line is a row, not a whole file without line feeds.
const BATCH = 200
const LONGEST_LINE = 16 * 1024 * 1024

export function invalidBackup(why: string, options?: ErrorOptions): AppError {
  return new AppError(
    'BACKUP_INVALID',
    `The backup cannot be restored: ${why}. Nothing was changed.`,
    options,
  )
}

/**
 * Reads a backup in pieces. That it is whole is known only at its end, so what is made of it must be undone if this throws.
 * @throws AppError BACKUP_INVALID
 */
export async function* readBackup(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ readonly header: Header } | BackupBatch> {
  const sha256 = createHash('sha256')
  const left: Partial<Record<string, number>> = {}
  let batch: { table: BackupTable; rows: object[] } | undefined
  let number = 0
  let isComplete = false

  for await (const line of linesOf(source)) {
    number++
    if (isComplete) throw invalidBackup(`something follows its end, in line ${number}`)
    const value = parseLine(line, number)
    if (number === 1) {
      const header = parseHeader(value)
      Object.assign(left, header.counts)
      yield { header }
    } else if (TRAILER.safeParse(value).success) {
      isComplete = true
      if (TRAILER.parse(value).sha256 !== sha256.digest('hex'))
        throw invalidBackup('it was changed or damaged')
    } else {
      const { table, row } = parseRow(value, number)
      left[table] = (left[table] ?? 0) - 1
      if (batch && (batch.table !== table || batch.rows.length === BATCH)) {
        yield batch as BackupBatch
        batch = undefined
      }
      batch ??= { table, rows: [] }
      batch.rows.push(row)
    }
    if (!isComplete) sha256.update(line).update('\n')
  }
  if (!isComplete) throw invalidBackup('its end is missing')
  const wrong = TABLE_NAMES.find(table => left[table] !== 0)
  if (wrong) throw invalidBackup(`it has not as many ${wrong} as it says`)
  if (batch) yield batch as BackupBatch
}

/** Line by line without the line feed; what follows the last one is a line too. */
async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  let length = 0
  for await (const chunk of source) {
    let bytes = Buffer.from(chunk)
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10)) {
      yield Buffer.concat([...rest, bytes.subarray(0, end)])
      rest = []
      length = 0
      bytes = bytes.subarray(end + 1)
    }
    rest.push(bytes)
    length += bytes.length
    if (length > LONGEST_LINE) throw invalidBackup('a line of it is too long')
  }
  if (length > 0) yield Buffer.concat(rest)
}

function parseLine(line: Buffer, number: number): unknown {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch (cause) {
    throw invalidBackup(`line ${number} is not JSON`, { cause })
  }
}

function parseHeader(value: unknown): Header {
  const { success, data, error } = HEADER.safeParse(value)
  if (!success) throw invalidBackup('its first line is not that of a Gatehouse backup', { cause: error })
  if (data.version !== FORMAT_VERSION) {
    throw invalidBackup(
      `its format is ${data.version}, and this version of Gatehouse reads ${FORMAT_VERSION}`,
    )
  }
  return data
}

function parseRow(value: unknown, number: number): { table: BackupTable; row: object } {
  const [[name, row] = [], ...others] = Object.entries(Object(value))
  const table = TABLE_NAMES.find(each => each === name)
  if (!table || others.length > 0) throw invalidBackup(`line ${number} is of no table`)
  const { success, data, error } = TABLES[table].row.strict().safeParse(row)
  if (!success) throw invalidBackup(`line ${number} is no row of ${table}`, { cause: error })
  return { table, row: data }
}
