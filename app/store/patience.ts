import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { isBusy } from './sqlite-errors.ts'

// Our own choice: above any transaction of ours, below what a person waits for.
const PATIENCE_MS = 5_000

/**
 * Waits while another program has the database locked, without stopping this one as SQLite's own busy timeout would.
 * The time counts from the first refusal, for all who wait in turn: ten that wait do not take ten times as long.
 */
export function patience() {
  let refusedSince: number | undefined
  return async <Result>(step: () => Promise<Result>, isRead = false): Promise<Result> => {
    for (;;) {
      try {
        const result = await step()
        // Reading is possible while another program writes, so it says nothing about the lock.
        if (!isRead) refusedSince = undefined
        return result
      } catch (error) {
        if (!isBusy(error)) throw error
        refusedSince ??= performance.now()
        if (performance.now() - refusedSince > PATIENCE_MS) throw error
        await delay(randomInt(1, 20))
      }
    }
  }
}
