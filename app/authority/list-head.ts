import { AppError } from '../errors.ts'
import type { ProxyList } from '../store/store.ts'

export interface Waiting {
  /** The generation that is known already. */
  readonly after: number
  readonly waitMs: number
  /** Ends the wait. */
  readonly signal: AbortSignal
}

/** Lets many wait for a change of the list for proxies, at the price of one look at the store for all of them. */
export interface ListHead {
  /** The generation that was seen last. */
  readonly seen: number
  /** The newest generation; whoever waits for it learns of it at once. */
  look(): Promise<number>
  /** The newest that was seen, as soon as it is above `after`; `after`, when the time is over before. */
  newer(waiting: Waiting): Promise<number>
  /** From now on nobody waits. */
  close(): void
}

// Our own choices: what another process changes is seen within a quarter of a second; and every proxy waits once.
const LOOK_EVERY_MS = 200
const MOST_WAITING = 256

interface Waiter extends Pick<Waiting, 'after'> {
  resolve(generation: number): void
  reject(error: unknown): void
}

export function createListHead({ generation }: Pick<ProxyList, 'generation'>): ListHead {
  const waiters = new Set<Waiter>()
  let seen = 0
  let isClosed = false
  let isStale = false
  let looking: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  async function readOn(): Promise<void> {
    while (isStale) {
      isStale = false
      seen = await generation()
    }
    for (const { after, resolve } of waiters) if (seen > after) resolve(seen)
  }

  /** Whoever asks while it is being read means what was written since: it is read again, once for all of them. */
  async function look(): Promise<number> {
    isStale = true
    looking ??= readOn()
      .catch(error => {
        for (const { reject } of waiters) reject(error)
        throw error
      })
      .finally(() => {
        looking = undefined
      })
    await looking
    return seen
  }

  function add(waiter: Waiter): void {
    waiters.add(waiter)
    timer ??= setInterval(() => void look().catch(() => undefined), LOOK_EVERY_MS)
  }

  function remove(waiter: Waiter): void {
    waiters.delete(waiter)
    if (waiters.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  async function wait({ after, waitMs, signal }: Waiting): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const waiter = { after, resolve, reject }
    const giveUp = () => resolve(after)
    const patience = setTimeout(giveUp, waitMs)
    signal.addEventListener('abort', giveUp)
    add(waiter)
    try {
      return await promise
    } finally {
      clearTimeout(patience)
      signal.removeEventListener('abort', giveUp)
      remove(waiter)
    }
  }

  return {
    get seen() {
      return seen
    },
    look,
    async newer(waiting) {
      const { after, waitMs, signal } = waiting
      if (seen > after || waitMs === 0 || isClosed || signal.aborted) return Math.max(seen, after)
      if (waiters.size < MOST_WAITING) return await wait(waiting)
      throw new AppError(
        'RATE_LIMITED',
        `${MOST_WAITING} requests wait for the list already. Ask again in a second, or without "wait".`,
      )
    },
    close() {
      isClosed = true
      for (const { after, resolve } of waiters) resolve(after)
    },
  }
}
