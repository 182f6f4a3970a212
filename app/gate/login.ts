import { nameKey } from '../../pki/common-name.ts'
import type { Caller } from '../authority/caller.ts'
import { type Audit, decide } from '../authority/decide.ts'
import type { GatePerson, OpenGateSession } from '../store/gate-store.ts'
import type { Aggregates, Time } from '../store/store.ts'
import { readCode, type TypedCode } from './codes.ts'
import type { GateContext } from './context.ts'
import { addressDelayKey, countFailure, type DelayKey, delayedUntil, userDelayKey } from './delays.ts'
import { totpPlace } from './secrets.ts'
import { type Entry, entryOf, openSession } from './sessions.ts'
import { matchingStep } from './totp.ts'

export interface LoginAttempt {
  readonly user: string
  /** One-time, or of recovery. */
  readonly code: string
}

export type LoginOutcome =
  | { readonly kind: 'in'; readonly entry: Entry }
  /** Nothing was tried. */
  | { readonly kind: 'delayed'; readonly until: Time }
  /** Unknown, wrong or used before: nobody is told which. */
  | { readonly kind: 'refused' }
  /** The code was right, but the certificate with which it was set up is not good any more. */
  | { readonly kind: 'ended' }

type Verdict =
  | Exclude<LoginOutcome, { kind: 'in' }>
  | { readonly kind: 'in'; readonly session: OpenGateSession }

interface Try {
  readonly key: string
  readonly typed: TypedCode
  /** Whose delays count. */
  readonly keys: readonly DelayKey[]
}

/**
 * An unknown name costs the same work as a wrong code, and gives the same answer. What is wrong is counted in the
 * transaction that finds it, so that of many guesses at once none is free.
 */
export async function logIn(
  context: GateContext,
  caller: Caller,
  attempt: LoginAttempt,
): Promise<LoginOutcome> {
  const tried = readAttempt(attempt, caller)
  const at = context.now().getTime()
  const until = await delayedUntil(context.store.gate.delays, tried.keys, at)
  // Before anything is written: whoever knocks on a closed door must not be able to slow down the others.
  if (until !== undefined) return { kind: 'delayed', until }
  const verdict = await decide(context, caller, (within, audit) =>
    judge(context, { within, audit, caller }, tried),
  )
  return verdict.kind === 'in' ? { kind: 'in', entry: await entryOf(context, verdict.session) } : verdict
}

function readAttempt({ user, code }: LoginAttempt, { address }: Caller): Try {
  const key = nameKey(user.normalize('NFKC'))
  const typed = readCode(code)
  const keys = [addressDelayKey(address)]
  // A recovery code cannot be guessed: it is the way in for whoever is kept out by somebody else's guesses.
  if (typed.kind === 'totp') keys.push(userDelayKey(key))
  return { key, typed, keys }
}

interface Hearing {
  readonly within: Aggregates
  readonly audit: Audit
  readonly caller: Caller
}

async function judge(context: GateContext, hearing: Hearing, tried: Try): Promise<Verdict> {
  const { within, audit, caller } = hearing
  const { delays, users } = within.gate
  const at = context.now().getTime()
  const until = await delayedUntil(delays, tried.keys, at)
  if (until !== undefined) return { kind: 'delayed', until }
  const user = await users.byNameKey(tried.key)
  const fault = await faultOf(context, within, user, tried.typed)
  if (!user || fault) {
    await countFailure(delays, tried.keys, at)
    // A name that is not there may be a code that was typed in the wrong place.
    const reason = user ? fault : 'no such user'
    await audit('GATE_LOGIN_REFUSED', { user: user?.name ?? null, code: 'GATE_LOGIN_REFUSED', reason })
    return { kind: 'refused' }
  }
  if (!(await users.isGood(user.id, at))) {
    await audit('GATE_LOGIN_REFUSED', {
      user: user.name,
      code: 'GATE_CERT_ENDED',
      reason: 'no good certificate',
    })
    return { kind: 'ended' }
  }
  await delays.drop(userDelayKey(tried.key))
  const session = await openSession(context, within, user, caller)
  await audit('GATE_LOGIN', { user: user.name, session: session.id, by: tried.typed.kind })
  return { kind: 'in', session }
}

/** Why a code is not taken; `undefined` when it is, and spent. */
async function faultOf(
  context: GateContext,
  { gate: { users } }: Aggregates,
  user: GatePerson | undefined,
  { kind, code }: TypedCode,
): Promise<string | undefined> {
  const { secrets, now } = context
  const id = user?.id ?? ''
  const at = now().getTime()
  if (kind === 'recovery') {
    return (await users.recover(id, secrets.hash('recovery', `${id}:${code}`), at)) ? undefined : 'wrong code'
  }
  const secret = secrets.open(user?.secret ?? context.decoy, totpPlace(id))
  const step = matchingStep(secret, code, now())
  if (!user || step === undefined) return 'wrong code'
  return (await users.advance(id, step, at)) ? undefined : 'code used before'
}
