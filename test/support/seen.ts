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
  const { lines } = stack.backendLog
  const before = await fence(stack)
  await act()
  const after = await Promise.all(Array.from({ length: FENCES }, () => fence(stack)))
  return lines
    .slice(lines.indexOf(before) + 1)
    .filter(line => !after.includes(line))
    .map(line => JSON.parse(line) as Seen)
    .filter(({ url }) => url !== '/readyz')
}

/** A request, and the line that the back end prints when it begins. */
async function fence(stack: Stack): Promise<string> {
  const path = `/fence/${randomUUID()}`
  await ask(stack, { path })
  return await stack.backendLog.line(line => line.includes(path))
}
