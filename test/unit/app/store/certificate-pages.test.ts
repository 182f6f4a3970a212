// Promise: a page of certificates is read from an index in its order, however many there are.
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { openDatabase } from '../../../../app/store/open-store.ts'

it.each(['recorded_at', 'not_after', 'search_text'])('by %s', async column => {
  await using db = await openDatabase({ url: 'sqlite::memory:' })
  const page = sql<{ detail: string }>`explain query plan
    select serial, pem from certificates order by ${sql.ref(column)}, serial limit 50`
  const { rows } = await page.execute(db)
  expect(rows.map(({ detail }) => detail).join()).toMatch(/USING INDEX/)
  expect(rows.map(({ detail }) => detail).join()).not.toMatch(/TEMP B-TREE/)
})
