import { type Output, say } from './output.ts'

export interface Progress extends Disposable {
  /** @param share such as `3 of 10` */
  update(share: string): void
}

/** How far something is: on a terminal one line that changes, elsewhere one line at the beginning. */
export function showProgress(output: Output, what: string): Progress {
  const { stderr, isQuiet } = output
  const isLive = stderr.isTTY === true && !isQuiet
  if (!isLive) say(output, `${what} ...`)
  return {
    update(share) {
      if (isLive) stderr.write(`\r${what}: ${share} `)
    },
    [Symbol.dispose]() {
      if (isLive) stderr.write('\n')
    },
  }
}
