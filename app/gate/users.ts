import { nameKey, parseCommonName } from '../../pki/common-name.ts'
import type { Caller } from '../authority/caller.ts'
import { decide, recordingRefusals } from '../authority/decide.ts'
import { AppError } from '../errors.ts'
import type { GatePerson } from '../store/gate-store.ts'
import type { Time } from '../store/store.ts'
import { generateCode, normalizeCode } from './codes.ts'
import type { GateContext } from './context.ts'
import { assertNoUser } from './set-up-claim.ts'

export interface Invitation {
  readonly user: string
  /** For that person alone; it is not on record here. */
  readonly invitation: string
  readonly expiresAt: Time
}

// Our own choice: over a weekend.
const INVITATION_MS = 3 * 86_400_000

/**
 * Somebody who may set up one-time codes: the person of that name, if there is one, and else a new one. An earlier
 * invitation for that name is worth nothing any more.
 * @throws AppError GATE_SETUP_REFUSED, GATE_USER_EXISTS; PkiError NAME_INVALID
 */
export async function invite(context: GateContext, caller: Caller, wish: string): Promise<Invitation> {
  const { secrets, rules, now } = context
  const attempt = { action: 'GATE_INVITE', about: { user: wish } } as const
  return await recordingRefusals(context, caller, attempt, async () => {
    if (!rules.setup.includes('invitation')) {
      throw new AppError(
        'GATE_SETUP_REFUSED',
        'Invitations are not taken here: GATEHOUSE_GATE_SETUP says who may set up, and does not name them.',
      )
    }
    const wanted = parseCommonName(wish)
    const invitation = generateCode()
    const hash = secrets.hash('invitation', normalizeCode(invitation))
    const expiresAt = now().getTime() + INVITATION_MS
    return await decide(context, caller, async (within, audit) => {
      const holder = await within.holders.byNameKey(nameKey(wanted))
      const name = holder?.commonName ?? wanted
      await assertNoUser(within, { name, holderId: holder?.id, serial: null })
      const row = { hash, name, nameKey: nameKey(name), holderId: holder?.id ?? null, expiresAt }
      await within.gate.invitations.add(row)
      await audit('GATE_INVITED', { user: name, expires: new Date(expiresAt).toISOString() })
      return { user: name, invitation, expiresAt }
    })
  })
}

/**
 * Nobody logs in as this one any more, and all sessions end; the person may be invited again.
 * @throws AppError GATE_USER_UNKNOWN
 */
export async function removeUser(context: GateContext, caller: Caller, id: string): Promise<GatePerson> {
  const attempt = { action: 'GATE_REMOVE', about: { id } } as const
  return await recordingRefusals(context, caller, attempt, () =>
    decide(context, caller, async ({ gate: { users, sessions } }, audit) => {
      const at = context.now().getTime()
      const user = await users.find(id)
      if (!user || !(await users.remove(id, at))) throw unknownUser()
      const ended = await sessions.end({ userId: id }, at)
      await audit('GATE_USER_REMOVED', { user: user.name, sessions: ended })
      return user
    }),
  )
}

/** All sessions of a user. @throws AppError GATE_USER_UNKNOWN */
export async function endSessions(context: GateContext, caller: Caller, id: string): Promise<number> {
  const attempt = { action: 'GATE_END_SESSIONS', about: { id } } as const
  return await recordingRefusals(context, caller, attempt, () =>
    decide(context, caller, async ({ gate: { users, sessions } }, audit) => {
      const user = await users.find(id)
      if (!user || user.removedAt !== null) throw unknownUser()
      const ended = await sessions.end({ userId: id }, context.now().getTime())
      await audit('GATE_SESSIONS_ENDED', { user: user.name, sessions: ended, reason: 'administrator' })
      return ended.length
    }),
  )
}

function unknownUser(): AppError {
  return new AppError('GATE_USER_UNKNOWN', 'There is no user with that identifier, as in GET /_auth/users.')
}
