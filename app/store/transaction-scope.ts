import { AsyncLocalStorage } from 'node:async_hooks'
import { unavailable } from './store-errors.ts'

/**
 * Knows whether the code that runs belongs to a transaction. There, the store itself must not be used: SQLite would
 * wait for its own end for ever, and PostgreSQL would do it outside the transaction without a word.
 */
export function transactionScope() {
  const scope = new AsyncLocalStorage<{ isOpen: boolean }>()
  let isClosed = false

  function assertOutside(): void {
    if (isClosed) throw unavailable('it is closed, because this program is stopping', undefined)
    if (!scope.getStore()?.isOpen) return
    throw new Error('Within a transaction, use what it hands to its work, not the store.')
  }

  return {
    assertOutside,
    /** From now on nothing can be asked. */
    close(): void {
      isClosed = true
    },
    /** The same methods, which throw within a transaction. */
    outside<Methods extends object>(methods: Methods): Methods {
      return new Proxy(methods, {
        get(target, name) {
          assertOutside()
          return Reflect.get(target, name)
        },
      })
    },
    async run<Result>(work: () => Promise<Result>): Promise<Result> {
      // What work leaves running keeps this context; it is a transaction's no longer once that has ended.
      const state = { isOpen: true }
      try {
        return await scope.run(state, work)
      } finally {
        state.isOpen = false
      }
    },
  }
}
