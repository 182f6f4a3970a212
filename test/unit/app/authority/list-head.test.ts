// Promise: whoever waits for a change learns of it at once, for one look at the store, and leaves nothing behind.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createListHead, type ListHead } from '../../../../app/authority/list-head.ts'

beforeEach(
  () => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] }),
)
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

/** A store that counts how often it is looked at. */
function makeStore() {
  const store = {
    newest: 7,
    reads: 0,
    error: undefined as Error | undefined,
    async generation() {
      store.reads += 1
      if (store.error) throw store.error
      return store.newest
    },
  }
  return store
}

function waitFor(head: ListHead, after: number, over: { waitMs?: number; signal?: AbortSignal } = {}) {
  return head.newer({ after, waitMs: 10_000, signal: new AbortController().signal, ...over })
}

it('says what is newer at once, and what is asked for when nothing is and nobody waits', async () => {
  const head = createListHead(makeStore())
  await head.look()
  expect(await waitFor(head, 6)).toBe(7)
  expect(await waitFor(head, 7, { waitMs: 0 })).toBe(7)
  expect(await waitFor(head, 9, { waitMs: 0 })).toBe(9)
})

it('tells all that wait when somebody looks, but whoever is further than that', async () => {
  const store = makeStore()
  const head = createListHead(store)
  await head.look()
  const [one, two, ahead] = [waitFor(head, 7), waitFor(head, 7), waitFor(head, 8)]
  store.newest = 8
  await head.look()
  expect(await Promise.all([one, two])).toEqual([8, 8])
  expect(store.reads).toBe(2)
  store.newest = 9
  await head.look()
  expect(await ahead).toBe(9)
})

it('sees within a quarter of a second what another process has changed, however many wait', async () => {
  const store = makeStore()
  const head = createListHead(store)
  await head.look()
  const waiting = Array.from({ length: 100 }, () => waitFor(head, 7))
  await vi.advanceTimersByTimeAsync(1_000)
  expect(store.reads).toBe(6)
  store.newest = 8
  await vi.advanceTimersByTimeAsync(250)
  expect(new Set(await Promise.all(waiting))).toEqual(new Set([8]))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(store.reads).toBe(7)
})

it('looks again for whoever asks while it is looking: what he means may have been written since', async () => {
  const store = makeStore()
  const answers: ((generation: number) => void)[] = []
  const generation = () => new Promise<number>(resolve => void answers.push(resolve))
  const head = createListHead({ ...store, generation })
  const [first, second, third] = [head.look(), head.look(), head.look()]
  answers[0]?.(7)
  await vi.waitFor(() => expect(answers).toHaveLength(2))
  answers[1]?.(8)
  expect(await Promise.all([first, second, third])).toEqual([8, 8, 8])
  expect(answers).toHaveLength(2)
})

it('gives up when the time is over, or when the caller has gone', async () => {
  const head = createListHead(makeStore())
  await head.look()
  const patient = waitFor(head, 7)
  const gone = new AbortController()
  const leaving = waitFor(head, 7, { signal: gone.signal })
  gone.abort()
  expect(await leaving).toBe(7)
  await vi.advanceTimersByTimeAsync(9_999)
  expect(vi.getTimerCount()).toBe(2)
  await vi.advanceTimersByTimeAsync(1)
  expect(await patient).toBe(7)
  expect(await waitFor(head, 7, { signal: gone.signal })).toBe(7)
})

it('does not say that nothing has changed when it could not look', async () => {
  const store = makeStore()
  const head = createListHead(store)
  await head.look()
  const waiting = waitFor(head, 7)
  const failed = expect(waiting).rejects.toThrow('the store is away')
  store.error = new Error('the store is away')
  await vi.advanceTimersByTimeAsync(200)
  await failed
  await expect(head.look()).rejects.toThrow('the store is away')
  store.error = undefined
  expect(await head.look()).toBe(7)
})

it('lets 256 wait, and tells the next', async () => {
  const head = createListHead(makeStore())
  await head.look()
  const waiting = Array.from({ length: 256 }, () => waitFor(head, 7))
  await expect(waitFor(head, 7)).rejects.toMatchObject({ code: 'RATE_LIMITED' })
  expect(await waitFor(head, 6)).toBe(7)
  head.close()
  await Promise.all(waiting)
})

it('answers all that wait at its end, and whoever comes afterwards', async () => {
  const head = createListHead(makeStore())
  await head.look()
  const waiting = [waitFor(head, 7), waitFor(head, 9)]
  head.close()
  expect(await Promise.all(waiting)).toEqual([7, 9])
  expect(await waitFor(head, 7)).toBe(7)
})
