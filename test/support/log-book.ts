import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

// Our own choice: a line that has not come by then will not come.
const PATIENCE_MS = 10_000

/** The lines that a container prints, for tests that wait for one. */
export class LogBook {
  readonly lines: string[] = []
  readonly #watchers = new Set<(line: string) => void>()

  read(stream: Readable): void {
    createInterface({ input: stream }).on('line', line => {
      this.lines.push(line)
      for (const watch of this.#watchers) watch(line)
    })
  }

  /**
   * The first line that `matches`, printed before or from now on, not counting the first `skipped` lines; an error that
   * shows the last lines if none comes.
   */
  async line(matches: (line: string) => boolean, skipped = 0): Promise<string> {
    const printed = this.lines.slice(skipped).find(matches)
    if (printed !== undefined) return printed
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const watch = (line: string): void => {
      if (matches(line)) resolve(line)
    }
    this.#watchers.add(watch)
    const timer = setTimeout(
      () =>
        reject(
          new Error(
            `No such line within ${PATIENCE_MS} ms; the last ones:\n${this.lines.slice(-5).join('\n')}`,
          ),
        ),
      PATIENCE_MS,
    )
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#watchers.delete(watch)
    }
  }
}
