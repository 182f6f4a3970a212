import type { Store } from '../store/store.ts'

export interface AuditBuffer {
  /** Never waits, never throws: whoever floods us with bad proof must not be able to slow down the others. */
  add(event: { readonly event: string } & Readonly<Record<string, unknown>>): void
  /** What is waiting is in the store, or given up, when it returns. */
  flush(): Promise<void>
}

export interface AuditBufferOptions {
  readonly store: Store
  readonly now: () => Date
  /** Called with the number of events that did not get into the chain, and why. */
  onLost(count: number, error: unknown): void
}

// Our own choice: some seconds of a flood; the standard output has every one of them.
const CAPACITY = 10_000

/**
 * Events of authentication for the chain, many to a transaction: they come with requests that anybody can send, so
 * they do not each wait for the disk. Decisions are never put here.
 */
export function createAuditBuffer({ store, now, onLost }: AuditBufferOptions): AuditBuffer {
  let waiting: Parameters<Store['audit']['append']>[0][] = []
  let overflow = 0
  let writing: Promise<void> | undefined

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      const lost = overflow
      overflow = 0
      if (lost > 0) onLost(lost, new Error('too many at once'))
      await store
        .transaction(async within => {
          for (const event of batch) await within.audit.append(event)
          if (lost > 0) await within.audit.append({ event: 'AUDIT_OVERFLOW', at: now().getTime(), lost })
        })
        .catch(error => onLost(batch.length, error))
    }
    writing = undefined
  }

  async function flush(): Promise<void> {
    // Without anything to wait for, what is written would end before it is known to have begun, and never begin again.
    if (waiting.length > 0) writing ??= write()
    await writing
  }

  return {
    add(event) {
      if (waiting.length >= CAPACITY) overflow += 1
      else waiting.push({ ...event, at: now().getTime() })
      void flush()
    },
    flush,
  }
}
