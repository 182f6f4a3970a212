import type { StatusUrls } from '../../pki/encode-extensions.ts'
import { PkiError } from '../../pki/errors.ts'
import type { Authority as Signer } from '../../pki/issue-certificate.ts'
import type { ParsedCertificate } from '../../pki/parse-certificate.ts'
import { AppError } from '../errors.ts'
import type { Post } from '../mail/post.ts'
import type { Aggregates, CertificateRow, ChainedEvent, Store } from '../store/store.ts'
import type { Caller } from './caller.ts'
import type { Policy } from './policy.ts'

export interface EnrolmentRules {
  /** Names of organisations that nobody gets by asking, besides those of the key script and of guards. */
  readonly reservedOrganisations: readonly string[]
  /** Validity of a client certificate. */
  readonly days: number
  /** How long a renewed certificate stays good beside its successor. */
  readonly overlapMs: number
  /** From one revocation list to the time when there is another at the latest. */
  readonly crlLifeMs: number
  /** Leading zero bits of a proof of work while all is quiet. */
  readonly proofOfWorkBits: number
  /** Requests that may wait at one time. */
  readonly queueLimit: number
  /** Whether the first to register, where there is no administrator, becomes one. */
  readonly isFirstUserAdmin: boolean
}

/** What every decision needs. */
export interface AuthorityContext {
  readonly store: Store
  readonly issuer: ParsedCertificate
  /** `undefined`: nothing is signed here. */
  readonly signer: Signer | undefined
  readonly rules: EnrolmentRules
  readonly policy: Policy
  readonly post: Post
  readonly now: () => Date
  /** Called with each event when it is in the store for good. */
  readonly publish: (event: ChainedEvent) => void
  /** In the transaction of each revocation: what depends on the certificate ends with it. */
  readonly atRevocation?:
    | ((within: Aggregates, audit: Audit, row: CertificateRow) => Promise<void>)
    | undefined
  /** Called for each revocation and each proxy that follows the list, with the time that it took. */
  readonly onRefused?: (proxy: string, seconds: number) => void
  /** What certificates say about where to ask; left out, nothing. */
  readonly statusUrls?: StatusUrls | undefined
}

/** What it takes to put a decision on record. */
export type DecisionContext = Pick<AuthorityContext, 'store' | 'now' | 'publish'>

export type DecisionEvent =
  | 'CERT_RECORDED'
  | 'CERT_ISSUED'
  | 'CERT_ABANDONED'
  | 'CERT_IMPORTED'
  | 'CERT_REVOKED'
  | 'CERT_SUPERSEDED'
  | 'CERT_UNHELD'
  | 'CRL_PUBLISHED'
  | 'REQUEST_SUBMITTED'
  | 'REQUEST_APPROVED'
  | 'REQUEST_REJECTED'
  | 'GATE_INVITED'
  | 'GATE_USER_CREATED'
  | 'GATE_USER_REMOVED'
  | 'GATE_LOGIN'
  | 'GATE_LOGIN_REFUSED'
  | 'GATE_LOGOUT'
  | 'GATE_SESSIONS_ENDED'
  | 'PASTE_CREATED'
  | 'PASTE_DELETED'
  | 'PASTE_BURNT'
  | 'PASTE_EXPIRED'
  | `${Action}_REFUSED`

export type Action =
  | 'REGISTER'
  | 'SUBMIT'
  | 'APPROVE'
  | 'REJECT'
  | 'COLLECT'
  | 'ISSUE'
  | 'RENEW'
  | 'REVOKE'
  | 'UNHOLD'
  | 'GATE_SETUP'
  | 'GATE_INVITE'
  | 'GATE_REMOVE'
  | 'GATE_END_SESSIONS'
  | 'PASTE_DELETE'

export type Audit = (event: DecisionEvent, details: Readonly<Record<string, unknown>>) => Promise<void>

/**
 * A decision and what the audit trail says of it, both or neither. Whoever appends to the trail first holds its head
 * until the transaction ends: what is looked at after that cannot change before the decision is there.
 */
export async function decide<Result>(
  { store, now, publish }: DecisionContext,
  caller: Caller,
  work: (within: Aggregates, audit: Audit) => Promise<Result>,
): Promise<Result> {
  const events: ChainedEvent[] = []
  const result = await store.transaction(within =>
    work(within, async (event, details) => {
      const at = now().getTime()
      events.push(await within.audit.append({ event, at, ...sayWho(caller), ...details }))
    }),
  )
  events.forEach(publish)
  return result
}

/** What a refusal is about: of its values, what a caller has made up is cut short in the event. */
export interface Attempt {
  readonly action: Action
  readonly about: Readonly<Record<string, string | undefined>>
}

// Our own choice: all of an identifier or a name that could be right.
const MOST_OF_A_VALUE = 100

/** Does `work`; a refusal becomes an event as well, and goes on to the caller. */
export async function recordingRefusals<Result>(
  context: DecisionContext,
  caller: Caller,
  { action, about }: Attempt,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isRefusal(error)) {
      const { code, message: reason } = error
      const details = { ...shortened(about), code, reason }
      await decide(context, caller, (_within, audit) => audit(`${action}_REFUSED`, details))
    }
    throw error
  }
}

function shortened(about: Attempt['about']): Record<string, string> {
  const given = Object.entries(about).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(given.map(([name, value]) => [name, value.slice(0, MOST_OF_A_VALUE)]))
}

/** What the caller has to answer for, and a queue that is full of others; a full disk is not a decision. */
function isRefusal(error: unknown): error is AppError | PkiError {
  if (error instanceof PkiError) return error.isUsage
  return error instanceof AppError && (error.status < 500 || error.code === 'QUEUE_FULL')
}

function sayWho({ identity, address, requestId, via }: Caller) {
  const { level, name, serial, fingerprint256 } = identity
  const actor = fingerprint256 === null ? null : { level, name, serial, fingerprint256 }
  return { actor, address, requestId, via }
}
