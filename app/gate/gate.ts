import type { Caller } from '../authority/caller.ts'
import type { AuthorityContext, DecisionContext } from '../authority/decide.ts'
import { createProxies, type Proxies } from '../authority/proxies.ts'
import type { GateConfig, GateRules } from '../config-gate.ts'
import { AppError } from '../errors.ts'
import type { GatePerson, OpenGateSession } from '../store/gate-store.ts'
import type { Store } from '../store/store.ts'
import { confirmSetup, type SetUp, type SetupProof } from './confirm-set-up.ts'
import type { GateContext } from './context.ts'
import { type LoginAttempt, type LoginOutcome, logIn } from './login.ts'
import { createGateSecrets, type GateSecrets, totpPlace } from './secrets.ts'
import { type Entry, endOrphansWithin, isOf, logOut, orphanEnder, renew, whoHas } from './sessions.ts'
import { beginSetup, repeatOffer, type SetupOffer, type SetupWish } from './set-up.ts'
import { createTokens } from './tokens.ts'
import { generateTotpSecret } from './totp.ts'
import { endSessions, type Invitation, invite, removeUser } from './users.ts'

/** Login by one-time codes; who may ask for what is for the routes to say. */
export interface Gate {
  readonly rules: GateRules
  /** Who is logged in with this token at this moment. */
  who(token: string): Promise<OpenGateSession | undefined>
  /** Whether that is the person whose certificate this is. */
  isOf(token: string, identity: Caller['identity']): Promise<boolean>
  /** The same as `who`, also shortly after the token has expired; with a new one where that is needed. */
  renew(token: string): Promise<Entry | undefined>
  logIn(caller: Caller, attempt: LoginAttempt): Promise<LoginOutcome>
  logOut(caller: Caller, token: string): Promise<void>
  beginSetup(caller: Caller, wish: SetupWish): Promise<SetupOffer>
  repeatOffer(setup: string): Promise<SetupOffer>
  confirmSetup(caller: Caller, proof: SetupProof): Promise<SetUp>
  invite(caller: Caller, user: string): Promise<Invitation>
  removeUser(caller: Caller, id: string): Promise<GatePerson>
  endSessions(caller: Caller, id: string): Promise<number>
  /** Ends the sessions whose certificate was revoked, by whatever means. */
  endOrphans(): Promise<void>
  /** The same, in the transaction of a revocation. */
  readonly atRevocation: NonNullable<AuthorityContext['atRevocation']>
  /** What is of no use any more leaves the store. */
  forget(): Promise<void>
  /** Those that follow the list of ended sessions. */
  readonly proxies: Proxies
}

// Our own choice: a proxy that was away for a week learns all the same what it need not refuse any more.
const REMEMBERED_MS = 7 * 86_400_000

/** @throws AppError CONFIG_INVALID when the secret is another one than that of the store */
export async function openGate({ keys, secret, rules }: GateConfig, parts: DecisionContext): Promise<Gate> {
  const secrets = createGateSecrets(secret)
  await assertSameSecret(parts.store, secrets)
  const proxies = createProxies(parts.store.gate.ended)
  const decoy = secrets.seal(generateTotpSecret(), totpPlace(''))
  const context: GateContext = { ...parts, rules, secrets, decoy, tokens: createTokens(keys, parts.now) }
  return {
    rules,
    who: token => whoHas(context, token),
    isOf: (token, identity) => isOf(context, token, identity),
    renew: token => renew(context, token),
    logIn: (caller, attempt) => logIn(context, caller, attempt),
    logOut: (caller, token) => logOut(context, caller, token).finally(proxies.tell),
    beginSetup: (caller, wish) => beginSetup(context, caller, wish),
    repeatOffer: setup => repeatOffer(context, setup),
    confirmSetup: (caller, proof) => confirmSetup(context, caller, proof),
    invite: (caller, user) => invite(context, caller, user),
    removeUser: (caller, id) => removeUser(context, caller, id).finally(proxies.tell),
    endSessions: (caller, id) => endSessions(context, caller, id).finally(proxies.tell),
    endOrphans: orphanEnder(context),
    atRevocation: (within, audit, row) => endOrphansWithin(context, within, audit, row),
    forget: () => forget(context),
    proxies,
  }
}

/** Something that is sealed when the store is new: what users have sealed must open, or all codes would be wrong. */
async function assertSameSecret({ settings }: Store, secrets: GateSecrets): Promise<void> {
  const place = 'settings gate-secret'
  const sealed = await settings.ensure('gate-secret', secrets.seal(new Uint8Array(), place))
  try {
    secrets.open(sealed, place)
  } catch (cause) {
    throw new AppError(
      'CONFIG_INVALID',
      'GATEHOUSE_GATE_SECRET_FILE is not the secret with which this store was sealed: nobody could log in with a code. Put back the one that it was.',
      { cause },
    )
  }
}

async function forget({ store: { gate }, now }: GateContext): Promise<void> {
  const at = now().getTime()
  await gate.sessions.forget(at - REMEMBERED_MS)
  await gate.setups.forget(at)
  await gate.invitations.forget(at)
  await gate.delays.forget(at)
}
