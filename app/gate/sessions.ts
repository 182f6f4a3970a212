import { randomBytes } from 'node:crypto'
import { type Caller, ITSELF } from '../authority/caller.ts'
import { type Audit, decide } from '../authority/decide.ts'
import { presentedCertificate } from '../authority/revoke.ts'
import { gateLevelOf } from '../gate-means.ts'
import type { GatePerson, OpenGateSession } from '../store/gate-store.ts'
import type { Aggregates, CertificateRow, Time } from '../store/store.ts'
import type { GateContext } from './context.ts'
import { certifiedPerson } from './person.ts'

/** Somebody who is logged in. */
export interface Entry {
  readonly session: OpenGateSession
  /** `undefined`: the one that he has is good for long enough. */
  readonly token: string | undefined
}

const JTI_OCTETS = 16

/** In the transaction that has found the code right. */
export async function openSession(
  { now, rules }: GateContext,
  within: Aggregates,
  user: Pick<GatePerson, 'id' | 'name' | 'means' | 'holderId'>,
  caller: Caller,
): Promise<OpenGateSession> {
  const at = now().getTime()
  const expiresAt = at + rules.sessionMs
  const session = {
    id: randomBytes(JTI_OCTETS).toString('hex').toUpperCase(),
    userId: user.id,
    createdAt: at,
    expiresAt,
    tokenExpiresAt: endOfToken(at, expiresAt, rules.tokenMs),
    serial: (await presentedCertificate(within, caller))?.serial ?? null,
  }
  await within.gate.sessions.open({ ...session, endedAt: null })
  const { name, means, holderId } = user
  return { ...session, name, means, holderId }
}

/** A token counts in whole seconds, and never outlives its session. */
function endOfToken(now: Time, sessionEnd: Time, tokenMs: number): Time {
  return Math.floor(Math.min(now + tokenMs, sessionEnd) / 1000) * 1000
}

export async function entryOf({ tokens }: GateContext, session: OpenGateSession): Promise<Entry> {
  const { id: jti, name: user, means, tokenExpiresAt: expiresAt } = session
  return { session, token: await tokens.sign({ jti, user, level: gateLevelOf(means), expiresAt }) }
}

/** Who has this token, as the store has it now. */
export async function whoHas(
  { store, tokens, now }: GateContext,
  token: string,
): Promise<OpenGateSession | undefined> {
  const claims = await tokens.read(token, 0)
  return claims && (await store.gate.sessions.find(claims.jti, now().getTime()))
}

/** Both factors are of one person, who is vouched for. */
export async function isOf(
  context: GateContext,
  token: string,
  identity: Caller['identity'],
): Promise<boolean> {
  const session = await whoHas(context, token)
  if (!session || gateLevelOf(session.means) !== 'trusted') return false
  const person = await certifiedPerson(context.store, { ...ITSELF, identity })
  return person?.holderId === session.holderId
}

/**
 * A new token for one that has expired, or will soon: requests do not come by here, so this is how a session goes on
 * while it is in use. Not a decision: nothing becomes possible that was not.
 */
export async function renew(context: GateContext, token: string): Promise<Entry | undefined> {
  const { store, tokens, now, rules } = context
  const claims = await tokens.read(token, rules.idleMs)
  if (!claims) return undefined
  const at = now().getTime()
  const session = await store.gate.sessions.find(claims.jti, at)
  if (!session) return undefined
  const tokenExpiresAt = endOfToken(at, session.expiresAt, rules.tokenMs)
  const isFresh = claims.expiresAt - at > rules.tokenMs / 2 || claims.expiresAt === tokenExpiresAt
  if (isFresh) return { session, token: undefined }
  if (!(await store.gate.sessions.extend(session.id, tokenExpiresAt))) return undefined
  return await entryOf(context, { ...session, tokenExpiresAt })
}

/** Whatever token of the session it is. */
export async function logOut(context: GateContext, caller: Caller, token: string): Promise<void> {
  const { store, tokens, now, rules } = context
  const claims = await tokens.read(token, rules.sessionMs)
  const at = now().getTime()
  const session = claims && (await store.gate.sessions.find(claims.jti, at))
  if (!session) return
  const { id, name: user } = session
  await decide(context, caller, async (within, audit) => {
    const ended = await within.gate.sessions.end({ id }, at)
    if (ended.length > 0) await audit('GATE_LOGOUT', { user, session: id })
  })
}

// Our own choice: certificates expire as well, which is nobody's decision.
const LOOK_EVERY_MS = 60_000

/** Sessions whose certificate is not good any more: to `find` they are closed already, and then to everybody. */
export function orphanEnder(context: GateContext): () => Promise<void> {
  const { store, now } = context
  let seen = 0
  let lookAt = 0
  return async function endOrphans() {
    const generation = await store.proxyList.generation()
    const at = now().getTime()
    if (generation === seen && at < lookAt) return
    const [orphan] = await store.gate.sessions.orphans(at)
    if (orphan) await decide(context, ITSELF, (within, audit) => endOrphansWithin(context, within, audit))
    seen = generation
    lookAt = at + LOOK_EVERY_MS
  }
}

/** The same, in the transaction of the revocation. */
export async function endOrphansWithin(
  { now }: Pick<GateContext, 'now'>,
  { gate: { sessions } }: Aggregates,
  audit: Audit,
  certificate?: CertificateRow,
): Promise<void> {
  const at = now().getTime()
  for (const { id, name: user } of await sessions.orphans(at, certificate)) {
    await sessions.end({ id }, at)
    await audit('GATE_SESSIONS_ENDED', { user, sessions: [id], reason: 'certificate' })
  }
}
