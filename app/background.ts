import type { Logger } from './logger.ts'

/** Something that is done again and again; `name` is for the log. */
export interface Job {
  readonly name: string
  readonly everyMs: number
  /** The part of all time that it may run, however often it has something to do; left out, all of it. */
  readonly share?: number
  run(): Promise<unknown>
}

/**
 * Runs each job at once and then on its timer, never twice at the same time. One that fails is tried again the next
 * time: what it fails on, a store that is away, is what requests fail on as well.
 */
export function startJobs(jobs: readonly Job[], logger: Logger): AsyncDisposable {
  const running = new Map<string, Promise<void>>()
  const timers = jobs.map(job => {
    let restsUntil = 0
    const begin = () => {
      const began = performance.now()
      if (running.has(job.name) || began < restsUntil) return
      const run = job
        .run()
        .catch(err => logger.error({ kind: 'job', job: job.name, err }, 'job failed'))
        .then(() => {
          running.delete(job.name)
          restsUntil = began + (performance.now() - began) / (job.share ?? 1)
        })
      running.set(job.name, run)
    }
    begin()
    return setInterval(begin, job.everyMs)
  })
  return {
    async [Symbol.asyncDispose]() {
      timers.forEach(clearInterval)
      await Promise.all(running.values())
    },
  }
}
