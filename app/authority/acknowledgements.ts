export interface Follower {
  readonly name: string
  /** Network address. */
  readonly address: string
}

export interface KnownProxy extends Follower {
  /** Whatever was changed up to this one is applied there. */
  readonly generation: number
  readonly secondsSinceSeen: number
}

/** How long after a revocation was durable the proxy has said that it refuses by it; `null`: it has not. */
export interface Refusal extends Follower {
  readonly afterMs: number | null
}

/** Which proxies follow the list, and how far: in the memory of this process. */
export interface Acknowledgements {
  /** A proxy says that it has applied all up to this generation. */
  add(proxy: Follower, generation: number): void
  /** To be called when a change is durable; resolves when every proxy that was there lately has applied it, or in two seconds. */
  of(generation: number): Promise<readonly Refusal[]>
  known(): readonly KnownProxy[]
  /** How long proxies took for what was changed lately, the oldest first. */
  lately(): readonly { readonly name: string; readonly afterMs: number }[]
  /** From now on nothing is waited for. */
  close(): void
}

// Our own choices. A proxy asks every ten seconds at least; one that has not for a minute is not waited for.
const LATELY_MS = 60_000
const PATIENCE_MS = 2_000
// So long it is in the figures that one is away; and so much is remembered.
const REMEMBERED_MS = 3_600_000
const MOST_PROXIES = 256
const MOST_CHANGES = 1_000

interface Entry extends Follower {
  readonly generation: number
  readonly seenAt: number
}

interface Change {
  readonly generation: number
  readonly at: number
  /** Milliseconds, by proxy. */
  readonly refusedAfter: Map<string, number>
}

/** @param onRefused learns how long each proxy took for each change */
export function createAcknowledgements(
  onRefused: (proxy: string, seconds: number) => void,
): Acknowledgements {
  /** Whoever was seen last comes last. */
  const entries = new Map<string, Entry>()
  const changes: Change[] = []
  const checks = new Set<() => void>()
  let isClosed = false

  function forget(at: number): void {
    for (const [key, { seenAt }] of entries) {
      if (entries.size <= MOST_PROXIES && at - seenAt <= REMEMBERED_MS) return
      entries.delete(key)
    }
  }

  async function until(isDone: () => boolean): Promise<void> {
    if (isDone()) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const check = () => isDone() && resolve()
    checks.add(check)
    const patience = setTimeout(resolve, PATIENCE_MS)
    await promise
    clearTimeout(patience)
    checks.delete(check)
  }

  return {
    add(proxy, generation) {
      const key = `${proxy.name} ${proxy.address}`
      const seenAt = performance.now()
      // One that is new has not been slow with what was before it.
      const due = entries.has(key) ? changes.filter(change => isDue(change, key, generation)) : []
      for (const { at, refusedAfter } of due) {
        refusedAfter.set(key, seenAt - at)
        onRefused(proxy.name, (seenAt - at) / 1000)
      }
      entries.delete(key)
      entries.set(key, { ...proxy, generation, seenAt })
      forget(seenAt)
      for (const check of checks) check()
    },
    async of(generation) {
      const at = performance.now()
      const change = { generation, at, refusedAfter: new Map<string, number>() }
      changes.push(change)
      if (changes.length > MOST_CHANGES) changes.shift()
      const lately = [...entries]
        .filter(([, { seenAt }]) => at - seenAt <= LATELY_MS)
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
      // Another process has the same list, and was asked in the moment between.
      for (const [key, entry] of lately) if (entry.generation >= generation) change.refusedAfter.set(key, 0)
      await until(() => isClosed || lately.every(([key]) => change.refusedAfter.has(key)))
      return lately.map(([key, { name, address }]) => ({
        name,
        address,
        afterMs: change.refusedAfter.get(key) ?? null,
      }))
    },
    known() {
      const at = performance.now()
      forget(at)
      return [...entries.values()].map(({ name, address, generation, seenAt }) => ({
        name,
        address,
        generation,
        secondsSinceSeen: (at - seenAt) / 1000,
      }))
    },
    lately: () =>
      changes.flatMap(({ refusedAfter }) =>
        [...refusedAfter].map(([key, afterMs]) => ({ name: key.slice(0, key.lastIndexOf(' ')), afterMs })),
      ),
    close() {
      isClosed = true
      for (const check of checks) check()
    },
  }
}

function isDue(change: Change, key: string, generation: number): boolean {
  return change.generation <= generation && !change.refusedAfter.has(key)
}
