import { setTimeout as delay } from 'node:timers/promises'
import type { RevocationReason } from '../pki/revocation-reason.ts'
import { askFront, type Credentials, type Front, type FrontAnswer } from './fronts.ts'
import { ScriptError } from './script-error.ts'

export interface Revocation {
  readonly serial: string
  readonly reason: RevocationReason
  readonly fronts: readonly Front[]
  /** Whose certificate it is. */
  readonly user: Credentials
  readonly admin: Credentials
}

/** What somebody with the certificate meets at a front. */
export interface Sight {
  readonly front: Front
  readonly state: 'not running' | 'not asked' | 'refused before' | 'refused' | 'not refused'
  /** From when the revocation was asked for to the first refusal. */
  readonly refusedAfterMs: number | null
  /** What it answers instead. */
  readonly answer?: string
}

export interface Outcome {
  /** False: it was revoked before. */
  readonly isNew: boolean
  readonly sights: readonly Sight[]
}

// Our own choices: much longer than it ever takes; and so often that it is seen to hundredths of a second.
const PATIENCE_MS = 5_000
const PAUSE_MS = 10

/**
 * Revokes at every front that runs, because two of them may have different stores, and asks each with the certificate
 * until it refuses it.
 * @throws ScriptError NOTHING_RUNS, REVOKE_FAILED
 */
export async function revokeEverywhere(revocation: Revocation): Promise<Outcome> {
  const { fronts, user } = revocation
  const first = await Promise.all(fronts.map(front => firstSight(front, user)))
  const running = first.flatMap(sight => (isRunning(sight) ? [sight.front] : []))
  if (running.length === 0) throw nothingRuns(first)
  const ended = new AbortController()
  const began = performance.now()
  const watched = first.map(sight =>
    sight.state === 'not refused' ? watch(sight.front, user, { began, signal: ended.signal }) : sight,
  )
  try {
    const [isNew, ...sights] = await Promise.all([revokeAt(running, revocation), ...watched])
    return { isNew, sights }
  } finally {
    ended.abort()
  }
}

function isRunning({ state }: Sight): boolean {
  return state === 'refused before' || state === 'not refused'
}

async function firstSight(front: Front, user: Credentials): Promise<Sight> {
  const sight = { front, refusedAfterMs: null }
  try {
    const { status } = await askFront(front, user, { path: 'whoami' })
    return { ...sight, state: status === 403 ? 'refused before' : 'not refused' }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ECONNREFUSED'
      ? { ...sight, state: 'not running' }
      : { ...sight, state: 'not asked', answer: message }
  }
}

function nothingRuns(sights: readonly Sight[]): ScriptError {
  const where = sights.map(
    ({ front: { name, port }, answer }) => `${name} ${port}${answer === undefined ? '' : ` (${answer})`}`,
  )
  return new ScriptError(
    'NOTHING_RUNS',
    `Gatehouse answers nowhere: not at ${where.join(', ')}. Start it (make start, or make up) and run this again. Nothing was revoked.`,
  )
}

async function watch(
  front: Front,
  user: Credentials,
  { began, signal }: { readonly began: number; readonly signal: AbortSignal },
): Promise<Sight> {
  const passed = () => performance.now() - began
  let answer = ''
  while (passed() < PATIENCE_MS && !signal.aborted) {
    const { status, why } = await outcome(askFront(front, user, { path: 'whoami' }))
    if (status === 403) return { front, state: 'refused', refusedAfterMs: Math.round(passed()) }
    answer = why ?? `status ${status}`
    await delay(PAUSE_MS)
  }
  return { front, state: 'not refused', refusedAfterMs: null, answer }
}

/** @returns whether it was not revoked before */
async function revokeAt(fronts: readonly Front[], { serial, reason, admin }: Revocation): Promise<boolean> {
  const question = { method: 'POST', path: `pki/revoke/${serial}`, body: { reason } } as const
  const answers = await Promise.all(fronts.map(front => outcome(askFront(front, admin, question))))
  if (answers.some(({ status }) => status === 200)) return true
  if (answers.some(({ json }) => json?.code === 'ALREADY_REVOKED')) return false
  const reasons = answers.map(({ json, why, status }) => json?.detail ?? why ?? `Status ${status}.`)
  throw new ScriptError('REVOKE_FAILED', `It was not revoked. ${[...new Set(reasons)].join(' ')}`)
}

/** Whatever comes of it. */
async function outcome(
  asking: Promise<FrontAnswer>,
): Promise<Partial<FrontAnswer> & { readonly why?: string }> {
  return await asking.catch(error => ({ why: (error as Error).message }))
}
