import { type Expression, type SqlBool, sql } from 'kysely'

// Our own choice: longer than a name, an organisation or an address can be.
const LONGEST = 1_000

function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}

/** What is looked through, made when a row is written: what databases call lower case differs outside ASCII. */
export function searchText(...parts: readonly (string | null)[]): string {
  return parts.map(part => folded(part ?? '')).join('\n')
}

/** Whether `search` is a part of it, whatever its case; `%` and `_` stand for themselves. */
export function isPartOf(search: string, column: Expression<string>): Expression<SqlBool> {
  // A NUL ends a pattern in SQLite and is an error in PostgreSQL; nothing that is stored has one.
  if (search.includes('\0') || search.length > LONGEST) return sql<SqlBool>`1 = 0`
  const pattern = `%${folded(search).replace(/[\\%_]/g, '\\$&')}%`
  return sql<SqlBool>`${column} like ${pattern} escape '\\'`
}
