import { createHmac } from 'node:crypto'
import { setImmediate as othersTurn } from 'node:timers/promises'
import type { ListedRow, ListQuery, Store } from '../store/store.ts'

export interface ProxyListQuestion {
  readonly nonce: string
  /** What has changed after this generation. */
  readonly from: number
  /** And up to this one. */
  readonly to: number
}

// Our own choice: a page takes a few milliseconds, in which nobody else is served.
const PAGE = 1000

/**
 * The list for proxies, or what has changed of it, signed at its end, so that one that was cut off is none.
 * @param secret that the proxy and we share
 */
export async function* proxyListText(
  store: Pick<Store, 'proxyList'>,
  { nonce, from, to }: ProxyListQuestion,
  secret: string,
): AsyncGenerator<string> {
  const hmac = createHmac('sha256', secret)
  let text = `gatehouse-revoked 1\nnonce ${nonce}\nfrom ${from}\nto ${to}\n`
  for await (const lines of changes(store, from, to)) {
    text += lines
    hmac.update(text)
    yield text
    text = ''
  }
  hmac.update(text)
  yield `${text}hmac ${hmac.digest('hex')}\n`
}

async function* changes(store: Pick<Store, 'proxyList'>, from: number, to: number): AsyncGenerator<string> {
  if (from === to) return
  for await (const rows of pagesOf(store, 'listed', { from, to })) yield linesOf('+', rows)
  // Whoever has nothing yet has nothing to take back.
  if (from === 0) return
  for await (const rows of pagesOf(store, 'unlisted', { from, to })) yield linesOf('-', rows)
}

function linesOf(sign: string, rows: readonly ListedRow[]): string {
  return rows.map(({ serial }) => `${sign}${serial}\n`).join('')
}

async function* pagesOf(
  { proxyList }: Pick<Store, 'proxyList'>,
  change: ListQuery['change'],
  { from, to }: Pick<ProxyListQuestion, 'from' | 'to'>,
): AsyncGenerator<readonly ListedRow[]> {
  let after: ListedRow | undefined = { generation: from + 1, serial: '' }
  while (after) {
    const rows: readonly ListedRow[] = await proxyList.changes({ change, after, upTo: to, limit: PAGE })
    if (rows.length > 0) yield rows
    // SQLite reads without waiting, and so would we until the end.
    await othersTurn()
    after = rows.length < PAGE ? undefined : rows.at(-1)
  }
}
