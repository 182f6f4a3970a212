import { createHash } from 'node:crypto'
import { ipKeyGenerator } from 'express-rate-limit'
import type { GateDelays } from '../store/gate-store.ts'
import type { Time } from '../store/store.ts'

interface DelayRule {
  /** Wrong codes without consequence. */
  readonly free: number
  readonly firstMs: number
  readonly mostMs: number
  readonly forgottenAfterMs: number
}

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/**
 * Our own choices. At most 96 guesses a day at one name, of which each is right with a chance of 3 in a million; and
 * whoever is kept out by somebody else's guesses waits a quarter of an hour, or has a recovery code.
 */
const RULES = {
  user: { free: 3, firstMs: 5 * SECOND_MS, mostMs: 15 * MINUTE_MS, forgottenAfterMs: 24 * HOUR_MS },
  // An office behind one address mistypes more often than a person.
  address: { free: 20, firstMs: SECOND_MS, mostMs: 15 * MINUTE_MS, forgottenAfterMs: HOUR_MS },
} as const satisfies Record<string, DelayRule>

/** `user:…` and `address:…`: which rule it is, and whom it is about. */
export type DelayKey = `${keyof typeof RULES}:${string}`

/** Whoever is not there has one as well. A hash, because names are typed by strangers, at any length. */
export function userDelayKey(nameKey: string): DelayKey {
  return `user:${createHash('sha256').update(nameKey).digest('hex')}`
}

/** One customer of a provider has a whole /64 of IPv6. */
export function addressDelayKey(address: string | null): DelayKey {
  return `address:${ipKeyGenerator(address ?? '', 64)}`
}

function ruleOf(key: string): DelayRule {
  return RULES[key.startsWith('user:') ? 'user' : 'address']
}

function delayAfter(failures: number, { free, firstMs, mostMs }: DelayRule): number {
  return failures <= free ? 0 : Math.min(mostMs, firstMs * 2 ** (failures - free - 1))
}

/** Until when nothing is tried for any of these; `undefined`: not at all. */
export async function delayedUntil(
  delays: GateDelays,
  keys: readonly DelayKey[],
  now: Time,
): Promise<Time | undefined> {
  const rows = await delays.find(keys, now)
  // What lies further ahead than any delay comes of a clock that was wrong.
  const ends = rows.map(({ key, delayedUntil: until }) => Math.min(until, now + ruleOf(key).mostMs))
  const end = Math.max(...ends)
  return end > now ? end : undefined
}

/** One more wrong code for each of these. In the transaction that looked at the code. */
export async function countFailure(delays: GateDelays, keys: readonly DelayKey[], now: Time): Promise<void> {
  const known = new Map((await delays.find(keys, now)).map(row => [row.key, row.failures]))
  for (const key of keys) {
    const rule = ruleOf(key)
    const failures = (known.get(key) ?? 0) + 1
    const delayed = now + delayAfter(failures, rule)
    await delays.put({ key, failures, delayedUntil: delayed, forgetAt: delayed + rule.forgottenAfterMs })
  }
}
