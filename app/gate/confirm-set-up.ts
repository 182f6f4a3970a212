import { randomUUID } from 'node:crypto'
import { parseCommonName } from '../../pki/common-name.ts'
import type { Caller } from '../authority/caller.ts'
import { decide, recordingRefusals } from '../authority/decide.ts'
import { addHolder } from '../authority/holder.ts'
import { AppError } from '../errors.ts'
import type { GateSetup, GateUser } from '../store/gate-store.ts'
import type { Aggregates, Time } from '../store/store.ts'
import { generateRecoveryCodes, normalizeCode } from './codes.ts'
import type { GateContext } from './context.ts'
import type { CertifiedPerson } from './person.ts'
import { totpPlace } from './secrets.ts'
import { type Entry, entryOf, openSession } from './sessions.ts'
import { pendingSetup, unknownSetup } from './set-up.ts'
import { assertNoUser, personOf } from './set-up-claim.ts'
import { matchingStep } from './totp.ts'

export interface SetupProof {
  readonly setup: string
  readonly code: string
}

export interface SetUp {
  readonly entry: Entry
  readonly recoveryCodes: readonly string[]
}

/**
 * The user is there from here on, and logged in; or nothing has happened.
 * @throws AppError GATE_SETUP_UNKNOWN, GATE_CODE_WRONG, and what `beginSetup` throws
 */
export async function confirmSetup(
  context: GateContext,
  caller: Caller,
  { setup, code }: SetupProof,
): Promise<SetUp> {
  return await recordingRefusals(context, caller, { action: 'GATE_SETUP', about: {} }, async () => {
    const { row, secret } = await pendingSetup(context, setup)
    const lastStep = matchingStep(secret, normalizeCode(code), context.now())
    if (lastStep === undefined) throw wrongCode()
    const recoveryCodes = generateRecoveryCodes()
    const session = await decide(context, caller, async (within, audit) => {
      const user = await addUser(context, within, caller, { row, secret, lastStep, recoveryCodes })
      await audit('GATE_USER_CREATED', { user: user.name, by: row.means, serial: user.serial })
      const opened = await openSession(context, within, user, caller)
      await audit('GATE_LOGIN', { user: user.name, session: opened.id, by: 'setup' })
      return opened
    })
    return { entry: await entryOf(context, session), recoveryCodes }
  })
}

function wrongCode(): AppError {
  return new AppError(
    'GATE_CODE_WRONG',
    'That is not the code that your app should show now. Type the one that it shows; if that is wrong as well, the clock of its device is.',
  )
}

interface Confirmed {
  readonly row: GateSetup
  readonly secret: Uint8Array
  readonly lastStep: number
  readonly recoveryCodes: readonly string[]
}

async function addUser(
  context: GateContext,
  within: Aggregates,
  caller: Caller,
  { row, secret, lastStep, recoveryCodes }: Confirmed,
) {
  const { secrets, now } = context
  const at = now().getTime()
  if (!(await within.gate.setups.take(row.id, at))) throw unknownSetup()
  const person = await personOf(context, within, caller, row)
  await assertNoUser(within, person)
  if (row.invitation !== null) await within.gate.invitations.take(row.invitation)
  const id = randomUUID()
  const user: GateUser = {
    id,
    holderId: person.holderId ?? (await newHolder(within, caller, person, row, at)),
    means: row.means,
    serial: person.serial,
    secret: secrets.seal(secret, totpPlace(id)),
    lastStep,
    createdAt: at,
    lastLoginAt: at,
    removedAt: null,
  }
  const hashes = recoveryCodes.map(code => secrets.hash('recovery', `${id}:${normalizeCode(code)}`))
  await within.gate.users.add(user, hashes)
  return { ...user, name: person.name }
}

/** With what the certificate says besides, if it was one. */
async function newHolder(
  within: Aggregates,
  { identity }: Caller,
  { name: commonName }: CertifiedPerson,
  { means }: GateSetup,
  at: Time,
): Promise<string> {
  const { organisation, email } = means === 'certificate' ? identity : { organisation: null, email: null }
  return await addHolder(within, { commonName: parseCommonName(commonName), organisation, email }, at)
}
