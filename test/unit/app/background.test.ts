// Promise: a job runs once at a time, and no longer than its share of all time.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type Job, startJobs } from '../../../app/background.ts'
import { createLogger } from '../../../app/logger.ts'

beforeEach(
  () => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance', 'setTimeout'] }),
)
afterEach(() => void vi.useRealTimers())

/** How often it has begun after so many milliseconds, when each run takes so long. */
async function runs(takesMs: number, over: Partial<Job>, afterMs: number): Promise<number> {
  let count = 0
  const run = async () => {
    count += 1
    await new Promise(resolve => setTimeout(resolve, takesMs))
  }
  const logger = createLogger('error', { write: () => undefined })
  const jobs = startJobs([{ name: 'test', everyMs: 1_000, run, ...over }], logger)
  await vi.advanceTimersByTimeAsync(afterMs)
  const ended = jobs[Symbol.asyncDispose]()
  await vi.advanceTimersByTimeAsync(takesMs)
  await ended
  return count
}

it.each([
  ['on its timer', 100, {}, 10_500, 11],
  ['once at a time', 2_500, {}, 10_500, 4],
  ['for a tenth of all time', 500, { share: 0.1 }, 10_500, 3],
  ['on its timer, when that is less than its share', 50, { share: 0.1 }, 10_500, 11],
] as const)('%s', async (_, takesMs, over, afterMs, expected) => {
  expect(await runs(takesMs, over, afterMs)).toBe(expected)
})

it('goes on after a failure, which is logged', async () => {
  const lines: string[] = []
  const logger = createLogger('error', { write: line => void lines.push(line) })
  const run = () => Promise.reject(new Error('the store is away'))
  const jobs = startJobs([{ name: 'test', everyMs: 1_000, run }], logger)
  await vi.advanceTimersByTimeAsync(2_000)
  await jobs[Symbol.asyncDispose]()
  expect(lines.map(line => JSON.parse(line))).toMatchObject(Array(3).fill({ kind: 'job', job: 'test' }))
})
