import { randomUUID } from 'node:crypto'
import { ask, type Echo } from './ask.ts'
import type { Stack } from './stack.ts'

/** A request that reached the echo back end, or bytes that reached it and are none. */
export interface Seen extends Partial<Pick<Echo, 'method' | 'url' | 'rawHeaders' | 'connection'>> {
  readonly unreadable?: string
}

// More than the connections that one client's requests have opened: a request that is left over on a kept one comes out.
const FENCES = 6

/**
 * What reached the back end while `act` ran, in order, without the health checks of HAProxy. Requests sent afterwards
 * prove that everything before them has been printed, and that nothing waits on a connection that is kept.
 */
export async function seenWhile(stack: Stack, act: () => Promise<unknown>): Promise<Seen[]> {
  const book = stack.backendLog
  const begin = book.lines.length
  await act()
  const fences = Array.from({ length: FENCES }, () => `/fence/${randomUUID()}`)
  await Promise.all(
    fences.map(async path => {
      await ask(stack, { path })
      await book.line(line => line.includes(path))
    }),
  )
  return book.lines
    .slice(begin)
    .map(line => JSON.parse(line) as Seen)
    .filter(({ url }) => url !== '/readyz' && !fences.some(path => path === url))
}
