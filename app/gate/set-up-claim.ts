import { nameKey } from '../../pki/common-name.ts'
import type { Caller } from '../authority/caller.ts'
import { assertNameIsFreeForOneself } from '../authority/holder.ts'
import { AppError } from '../errors.ts'
import type { GateMeans } from '../gate-means.ts'
import { isAtLeast } from '../identity/levels.ts'
import type { GateSetup } from '../store/gate-store.ts'
import type { Aggregates } from '../store/store.ts'
import type { GateContext } from './context.ts'
import { type CertifiedPerson, certifiedPerson } from './person.ts'

/** By what right somebody sets up: the part of it that goes with `means`, and `null` for the others. */
export type SetupClaim = Pick<GateSetup, 'means' | 'fingerprint256' | 'invitation'> & {
  /** That was typed, for `anybody`. */
  readonly name: string
}

const HOW: Readonly<Record<GateMeans, string>> = {
  certificate: 'present a client certificate of this site',
  invitation: 'enter the invitation that an administrator has given you',
  anybody: 'choose a name',
}

/** @throws AppError GATE_SETUP_REFUSED */
export function assertMeans({ rules }: Pick<GateContext, 'rules'>, means: GateMeans): void {
  if (!rules.setup.includes(means)) throw refused(rules.setup)
}

function refused(setup: readonly GateMeans[]): AppError {
  const ways = setup.map(means => HOW[means]).join(', or ')
  return new AppError(
    'GATE_SETUP_REFUSED',
    `You cannot set up one-time codes this way. To set them up here, ${ways}.`,
  )
}

/**
 * Who is set up, looked at anew each time: at the beginning for the answer, and in the transaction for good.
 * @throws AppError GATE_SETUP_REFUSED, GATE_INVITATION_INVALID, NAME_TAKEN
 */
export async function personOf(
  context: GateContext,
  within: Aggregates,
  caller: Caller,
  claim: SetupClaim,
): Promise<CertifiedPerson> {
  if (claim.means === 'certificate') return await byCertificate(context, within, caller, claim)
  if (claim.means === 'invitation') return await byInvitation(context, within, claim.invitation ?? '')
  await assertNameIsFree(context, within, claim.name)
  return await byName(within, claim.name)
}

async function byCertificate(
  { rules }: GateContext,
  within: Aggregates,
  caller: Caller,
  { fingerprint256 }: SetupClaim,
): Promise<CertifiedPerson> {
  const person = await certifiedPerson(within, caller)
  const { identity } = caller
  if (person && identity.fingerprint256 === fingerprint256) return person
  if (person || !isAtLeast(identity.level, 'trusted')) throw refused(rules.setup)
  throw new AppError(
    'GATE_SETUP_REFUSED',
    'Your certificate does not say who you are: it has not exactly one name, or it is not on record here and its name is that of somebody who is. Ask an administrator for an invitation.',
  )
}

async function byInvitation(
  context: GateContext,
  within: Aggregates,
  hash: string,
): Promise<CertifiedPerson> {
  const invitation = await within.gate.invitations.find(hash, context.now().getTime())
  if (!invitation) {
    throw new AppError(
      'GATE_INVITATION_INVALID',
      'That is no invitation, or it was used, replaced by a newer one, or has expired. Ask an administrator for another.',
    )
  }
  // Who got the name since is not whom the administrator meant.
  if (invitation.holderId === null) await assertNameIsFree(context, within, invitation.name)
  return await byName(within, invitation.name)
}

async function byName({ holders }: Aggregates, name: string): Promise<CertifiedPerson> {
  const holder = await holders.byNameKey(nameKey(name))
  return { name: holder?.commonName ?? name, holderId: holder?.id, serial: null }
}

async function assertNameIsFree({ now }: GateContext, within: Aggregates, name: string): Promise<void> {
  const subject = { commonName: name, organisation: null, email: null }
  await assertNameIsFreeForOneself(within, subject, now().getTime())
}

/** @throws AppError GATE_USER_EXISTS */
export async function assertNoUser({ gate }: Aggregates, { holderId, name }: CertifiedPerson): Promise<void> {
  const user = holderId === undefined ? undefined : await gate.users.byHolder(holderId)
  if (!user) return
  throw new AppError(
    'GATE_USER_EXISTS',
    `"${name}" has one-time codes already, and they are not replaced. If they are lost, log in with a recovery code, or ask an administrator to remove the user.`,
  )
}
