import type { Request } from 'express'
import type { Caller } from '../../authority/caller.ts'
import type { Metrics } from '../../metrics.ts'
import type { ApiOptions } from '../api/api-router.ts'
import type { Page } from '../views.ts'

export interface AdminOptions extends ApiOptions {
  readonly metrics: Pick<Metrics, 'requestsByLevel'>
}

export interface Visit {
  readonly request: Request
  readonly caller: Caller
  /** Of the path; empty where it has none. */
  readonly id: string
  readonly query: unknown
  readonly form: unknown
}

/** Reading shows a page. What changes something goes on to one, or shows what is to be seen once only. */
export interface AdminPage {
  readonly method: 'get' | 'post'
  readonly path: string
  answer(visit: Visit): Promise<Page | { readonly seeOther: string }>
}

// Our own choice: more than fits a screen, and less than is read.
export const PAGE_ROWS = 50

/** One more is read than is shown: whether there is another page is known by it. */
export function cutPage<Row>(rows: readonly Row[]): { readonly page: readonly Row[]; readonly last?: Row } {
  const page = rows.slice(0, PAGE_ROWS)
  const last = page.at(-1)
  return rows.length > PAGE_ROWS && last !== undefined ? { page, last } : { page }
}

/** The address of the same page with other parameters; empty ones are left out. */
export function queryText(values: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') query.set(name, String(value))
  }
  return `./?${query}`.replace(/\?$/, '')
}
