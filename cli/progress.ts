import { type Output, say } from './output.ts'
import { sizeText } from './size-text.ts'

export interface Progress extends Disposable {
  /** @param share such as `3 of 10` */
  update(share: string): void
}

function isLiveOn({ stderr, isQuiet }: Output): boolean {
  return stderr.isTTY === true && !isQuiet
}

/** How far something is: on a terminal one line that changes, elsewhere one line at the beginning. */
export function showProgress(output: Output, what: string): Progress {
  const isLive = isLiveOn(output)
  if (!isLive) say(output, `${what} ...`)
  return liveLine(output, what, isLive)
}

function liveLine({ stderr }: Output, what: string, isLive: boolean): Progress {
  return {
    update(share) {
      if (isLive) stderr.write(`\r${what}: ${share} `)
    },
    [Symbol.dispose]() {
      if (isLive) stderr.write('\n')
    },
  }
}

export interface Transfer extends Disposable {
  /** The same content, counted as it goes by. */
  watch(content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>
}

// Our own choice: often enough to look steady.
const SHOW_EVERY_MS = 100

/** How much has been sent or received, on a terminal; nothing elsewhere. @param total octets, if they are known */
export function showTransfer(output: Output, what: string, total: number | undefined): Transfer {
  const line = liveLine(output, what, isLiveOn(output))
  const of = total === undefined ? '' : ` of ${sizeText(total)}`
  return {
    async *watch(content) {
      let octets = 0
      let shownAt = Number.NEGATIVE_INFINITY
      for await (const chunk of content) {
        yield chunk
        octets += chunk.length
        if (performance.now() - shownAt < SHOW_EVERY_MS) continue
        shownAt = performance.now()
        line.update(`${sizeText(octets)}${of}`)
      }
      line.update(`${sizeText(octets)}${of}`)
    },
    [Symbol.dispose]: () => line[Symbol.dispose](),
  }
}
