// Promise: what is said of a proxy is what the proxy has said: that it refuses, when, and that it has not.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createProxies } from '../../../../app/authority/proxies.ts'

beforeEach(
  () =>
    void vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
    }),
)
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

const NGINX = { name: 'nginx', address: '10.0.0.2' }
const APACHE = { name: 'apache', address: '10.0.0.3' }
const HAPROXY = { name: 'haproxy', address: '10.0.0.4' }

function lab() {
  let newest = 7
  const refusals: [string, number][] = []
  const proxies = createProxies(
    {
      generation: async () => newest,
      raise: async generation => {
        newest = generation
      },
      refresh: async () => undefined,
      changes: async () => [],
    },
    (proxy, seconds) => void refusals.push([proxy, seconds]),
  )
  const { signal } = new AbortController()
  return {
    proxies,
    refusals,
    follow: (proxy: typeof NGINX, after: number, waitMs = 0) =>
      proxies.follow(proxy, { after, waitMs, signal }),
    revoke() {
      newest += 1
      return proxies.announce(newest)
    },
  }
}

it('a revocation has arrived when each proxy has asked for what comes after it', async () => {
  const { proxies, refusals, follow, revoke } = lab()
  const waiting = [follow(NGINX, 7, 10_000), follow(APACHE, 7, 10_000)]
  await vi.advanceTimersByTimeAsync(1)
  const said = revoke()
  expect(await Promise.all(waiting)).toEqual([8, 8])
  await vi.advanceTimersByTimeAsync(20)
  await follow(NGINX, 8)
  await vi.advanceTimersByTimeAsync(30)
  await follow(APACHE, 8)
  expect(await said).toEqual([
    { ...NGINX, afterMs: 20 },
    { ...APACHE, afterMs: 50 },
  ])
  expect(refusals).toEqual([
    ['nginx', 0.02],
    ['apache', 0.05],
  ])
  expect(proxies.known()).toEqual([
    { ...NGINX, generation: 8, secondsSinceSeen: 0.03 },
    { ...APACHE, generation: 8, secondsSinceSeen: 0 },
  ])
  expect(proxies.generation()).toBe(8)
})

it('one that asks for less, or for the same again, has not refused', async () => {
  const { follow, revoke, refusals } = lab()
  await follow(NGINX, 7)
  const said = revoke()
  await follow(NGINX, 7)
  await follow(NGINX, 0)
  await vi.advanceTimersByTimeAsync(1_999)
  expect(await Promise.race([said, 'waits'])).toBe('waits')
  await vi.advanceTimersByTimeAsync(1)
  expect(await said).toEqual([{ ...NGINX, afterMs: null }])
  // It is in the figures all the same, how late it was.
  await vi.advanceTimersByTimeAsync(3_000)
  await follow(NGINX, 8)
  await follow(NGINX, 8)
  expect(refusals).toEqual([['nginx', 5]])
})

it('each of several that share a name is one of its own', async () => {
  const { follow, revoke } = lab()
  const other = { ...NGINX, address: '10.0.0.9' }
  await follow(NGINX, 7)
  await follow(other, 7)
  const said = revoke()
  await follow(other, 8)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(await said).toEqual([
    { ...NGINX, afterMs: null },
    { ...other, afterMs: 0 },
  ])
})

it('one that has not asked for a minute is not waited for; one that is new is not late', async () => {
  const { proxies, follow, revoke, refusals } = lab()
  await follow(NGINX, 7)
  await vi.advanceTimersByTimeAsync(30_000)
  await follow(APACHE, 7)
  await vi.advanceTimersByTimeAsync(30_001)
  const said = revoke()
  await follow(HAPROXY, 8)
  await follow(APACHE, 8)
  expect(await said).toEqual([{ ...APACHE, afterMs: 0 }])
  expect(refusals).toEqual([['apache', 0]])
  expect(proxies.known().map(({ name }) => name)).toEqual(['nginx', 'haproxy', 'apache'])
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(proxies.known().map(({ name }) => name)).toEqual(['haproxy', 'apache'])
})

it('without a proxy, nothing is waited for', async () => {
  expect(await lab().revoke()).toEqual([])
})

it('one that has it already, from another process, has refused at once', async () => {
  const { follow, proxies } = lab()
  await follow(NGINX, 9)
  expect(await proxies.announce(8)).toEqual([{ ...NGINX, afterMs: 0 }])
})

it('of a store that is an old backup, what is new is new to a proxy that has been further', async () => {
  const { follow, revoke } = lab()
  const waiting = follow(NGINX, 1_000, 10_000)
  await vi.advanceTimersByTimeAsync(300)
  const said = revoke()
  expect(await waiting).toBe(1_001)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(await said).toEqual([{ ...NGINX, afterMs: null }])
})

it('at its end nobody is waited for', async () => {
  const { proxies, follow, revoke } = lab()
  await follow(NGINX, 7)
  const said = revoke()
  proxies.close()
  expect(await said).toEqual([{ ...NGINX, afterMs: null }])
})

it('remembers 256 proxies, of those that were seen last', async () => {
  const { proxies, follow } = lab()
  for (let i = 0; i < 300; i++) await follow({ name: 'nginx', address: `10.0.1.${i}` }, 7)
  await follow({ name: 'nginx', address: '10.0.1.44' }, 7)
  await follow(APACHE, 7)
  const known = proxies.known()
  expect(known).toHaveLength(256)
  expect(known[0]).toMatchObject({ address: '10.0.1.46' })
  expect(known.at(-2)).toMatchObject({ address: '10.0.1.44' })
})
