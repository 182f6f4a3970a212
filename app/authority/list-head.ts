import { AppError } from '../errors.ts'

export interface Waiting {
  /** The generation that is known already. */
  readonly after: number
  readonly waitMs: number
  /** Ends the wait. */
  readonly signal: AbortSignal
}

/** Lets any number of callers wait for the list for proxies to change, for the price of one look at the store. */
export interface ListHead {
  /** The newest generation, as soon as it is above `after`; otherwise `after`, when the time is over. */
  newer(waiting: Waiting): Promise<number>
  /** To be called when it may have changed: whoever waits learns of it at once. */
  look(): Promise<number>
  /** Nobody waits any more. */
  close(): void
}

// Our own choices: what another process has changed is seen within a quarter of a second; and each proxy waits once.
const LOOK_EVERY_MS = 200
const MOST_WAITING = 256

interface Waiter extends Pick<Waiting, 'after'> {
  resolve(generation: number): void
  reject(error: unknown): void
}

/** @param read the newest generation, from the store */
export function createListHead(read: () => Promise<number>): ListHead {
  const waiters = new Set<Waiter>()
  let generation = 0
  let isClosed = false
  let isStale = false
  let looking: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  /** Whoever asks while it is being read wants what was written since: it is read once more, for all of them. */
  async function readOn(): Promise<void> {
    while (isStale) {
      isStale = false
      generation = await read()
    }
  }

  async function look(): Promise<number> {
    isStale = true
    looking ??= readOn().finally(() => {
      looking = undefined
    })
    try {
      await looking
      for (const { after, resolve } of waiters) if (generation > after) resolve(generation)
    } catch (error) {
      for (const { reject } of waiters) reject(error)
      throw error
    }
    return generation
  }

  async function wait({ after, waitMs, signal }: Waiting): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const waiter = { after, resolve, reject }
    const giveUp = () => resolve(after)
    const patience = setTimeout(giveUp, waitMs)
    signal.addEventListener('abort', giveUp)
    waiters.add(waiter)
    timer ??= setInterval(() => void look().catch(() => undefined), LOOK_EVERY_MS)
    try {
      return await promise
    } finally {
      clearTimeout(patience)
      signal.removeEventListener('abort', giveUp)
      waiters.delete(waiter)
      if (waiters.size === 0) {
        clearInterval(timer)
        timer = undefined
      }
    }
  }

  return {
    look,
    async newer(waiting) {
      const { after, waitMs, signal } = waiting
      await look()
      if (generation > after || waitMs === 0 || isClosed || signal.aborted) return Math.max(generation, after)
      if (waiters.size < MOST_WAITING) return await wait(waiting)
      throw new AppError(
        'RATE_LIMITED',
        `${MOST_WAITING} proxies wait for the list already. Ask without "wait".`,
      )
    },
    close() {
      isClosed = true
      for (const { after, resolve } of waiters) resolve(after)
    },
  }
}
