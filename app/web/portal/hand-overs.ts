import { randomBytes } from 'node:crypto'

/** What leaves once: a key that was made here, in its file. */
export interface HandOver {
  readonly name: string
  readonly serial: string
  readonly pkcs12: Uint8Array
}

export interface HandOvers {
  /** @returns by what it is asked for; 256 random bits */
  keep(what: HandOver): string
  /** Only once, and then it is gone from here. */
  take(id: string): HandOver | undefined
}

// Our own choice: time to read the page, and no more keys at once than a site has visitors in that time.
const KEPT_MS = 10 * 60_000
const MOST = 200

/** In the memory of this process and nowhere else. */
export function createHandOvers(): HandOvers {
  const kept = new Map<string, HandOver>()
  return {
    keep(what) {
      const [oldest] = kept.keys()
      if (kept.size >= MOST && oldest !== undefined) kept.delete(oldest)
      const id = randomBytes(32).toString('base64url')
      kept.set(id, what)
      setTimeout(() => kept.delete(id), KEPT_MS).unref()
      return id
    },
    take(id) {
      const what = kept.get(id)
      kept.delete(id)
      return what
    },
  }
}
