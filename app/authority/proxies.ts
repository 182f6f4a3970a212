import type { ProxyList } from '../store/store.ts'
import { createAcknowledgements, type Follower, type KnownProxy, type Refusal } from './acknowledgements.ts'
import { createListHead, type Waiting } from './list-head.ts'

/** The proxies that follow the list, as far as they ask this process. */
export interface Proxies {
  /**
   * That it asks for what came after a generation is its word that it has applied all up to that.
   * @returns the newest generation; or `after`, when there is none above it within `waitMs`
   */
  follow(proxy: Follower, waiting: Waiting): Promise<number>
  /** To be called when a revocation is durable: all that wait learn of it at once. Resolves when they refuse by it, or in two seconds. */
  announce(generation: number): Promise<readonly Refusal[]>
  /** The same, for changes of which nobody asks when they have arrived. */
  tell(): void
  known(): readonly KnownProxy[]
  /** How long each took for what was revoked lately, as far as this process has it in memory. */
  lately(): readonly { readonly name: string; readonly afterMs: number }[]
  /** The newest generation that was seen here. */
  generation(): number
  /** At the end of the process: all that wait are answered. */
  close(): void
}

export function createProxies(
  proxyList: ProxyList,
  onRefused: (proxy: string, seconds: number) => void = () => undefined,
): Proxies {
  const head = createListHead(proxyList)
  const acknowledgements = createAcknowledgements(onRefused)
  // It is done, and whoever cannot be told at once asks again.
  const tell = () => void head.look().catch(() => undefined)
  return {
    async follow(proxy, waiting) {
      const { after } = waiting
      if (after > (await head.look())) {
        // The store is an old backup, and what it gives next must be news to this proxy.
        await proxyList.raise(after)
        await head.look()
      }
      acknowledgements.add(proxy, after)
      return await head.newer(waiting)
    },
    announce(generation) {
      const refusals = acknowledgements.of(generation)
      tell()
      return refusals
    },
    tell,
    known: () => acknowledgements.known(),
    lately: () => acknowledgements.lately(),
    generation: () => head.seen,
    close() {
      head.close()
      acknowledgements.close()
    },
  }
}
