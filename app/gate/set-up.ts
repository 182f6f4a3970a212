import { parseCommonName } from '../../pki/common-name.ts'
import type { Caller } from '../authority/caller.ts'
import { recordingRefusals } from '../authority/decide.ts'
import { AppError } from '../errors.ts'
import type { GateSetup } from '../store/gate-store.ts'
import type { Time } from '../store/store.ts'
import { generateCode, normalizeCode } from './codes.ts'
import type { GateContext } from './context.ts'
import { assertMeans, assertNoUser, personOf, type SetupClaim } from './set-up-claim.ts'
import { base32, generateTotpSecret, otpauthUri } from './totp.ts'

/** An invitation, a name where anybody may set up, or neither: then the certificate that is presented says who. */
export interface SetupWish {
  readonly invitation?: string | undefined
  readonly user?: string | undefined
}

/** A secret that was made for somebody, and is nothing until a code of it was seen. */
export interface SetupOffer {
  /** Whoever has it goes on with the set-up. */
  readonly setup: string
  readonly user: string
  /** Base32. */
  readonly secret: string
  readonly uri: string
  readonly expiresAt: Time
}

// Our own choice: long enough to install an app first.
const PENDING_MS = 15 * 60_000

/** @throws AppError GATE_SETUP_REFUSED, GATE_INVITATION_INVALID, GATE_USER_EXISTS, NAME_TAKEN; PkiError NAME_INVALID */
export async function beginSetup(context: GateContext, caller: Caller, wish: SetupWish): Promise<SetupOffer> {
  const { store, now, secrets } = context
  const claim = claimOf(context, caller, wish)
  const attempt = { action: 'GATE_SETUP', about: { by: claim.means } } as const
  return await recordingRefusals(context, caller, attempt, async () => {
    assertMeans(context, claim.means)
    const name = claim.means === 'anybody' ? parseCommonName(claim.name) : ''
    const person = await personOf(context, store, caller, { ...claim, name })
    await assertNoUser(store, person)
    const setup = generateCode()
    const id = setupId(context, setup)
    const secret = generateTotpSecret()
    const expiresAt = now().getTime() + PENDING_MS
    const row = { ...claim, id, name: person.name, expiresAt, secret: secrets.seal(secret, setupPlace(id)) }
    await store.gate.setups.add(row)
    return offerOf(row, setup, secret)
  })
}

function claimOf(
  { secrets }: GateContext,
  { identity }: Caller,
  { invitation, user }: SetupWish,
): SetupClaim {
  if (invitation !== undefined) {
    const hash = secrets.hash('invitation', normalizeCode(invitation))
    return { means: 'invitation', invitation: hash, fingerprint256: null, name: '' }
  }
  if (user !== undefined) return { means: 'anybody', invitation: null, fingerprint256: null, name: user }
  return { means: 'certificate', invitation: null, fingerprint256: identity.fingerprint256, name: '' }
}

function setupId({ secrets }: GateContext, setup: string): string {
  return secrets.hash('setup', normalizeCode(setup))
}

function setupPlace(id: string): string {
  return `gate_setups ${id}`
}

function offerOf({ name: user, expiresAt }: GateSetup, setup: string, secret: Uint8Array): SetupOffer {
  return { setup, user, secret: base32(secret), uri: otpauthUri(secret, user), expiresAt }
}

/** The same once more, for whoever has typed a wrong code. @throws AppError GATE_SETUP_UNKNOWN */
export async function repeatOffer(context: GateContext, setup: string): Promise<SetupOffer> {
  const { row, secret } = await pendingSetup(context, setup)
  return offerOf(row, setup, secret)
}

/** @throws AppError GATE_SETUP_UNKNOWN */
export async function pendingSetup(context: GateContext, setup: string) {
  const { store, now, secrets } = context
  const row = await store.gate.setups.find(setupId(context, setup), now().getTime())
  if (!row) throw unknownSetup()
  return { row, secret: secrets.open(row.secret, setupPlace(row.id)) }
}

export function unknownSetup(): AppError {
  return new AppError(
    'GATE_SETUP_UNKNOWN',
    `This set-up is finished, or was begun more than ${PENDING_MS / 60_000} minutes ago. Begin again: the code in your app is for the earlier one.`,
  )
}
