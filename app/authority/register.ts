import { ADMIN_ORGANISATION } from '../../pki/organisations.ts'
import type { Pkcs12Profile } from '../../pki/pkcs12-profile.ts'
import { parseSigningRequest, type SigningRequest } from '../../pki/signing-request.ts'
import { AppError } from '../errors.ts'
import type { Aggregates, RequestRow } from '../store/store.ts'
import type { Caller } from './caller.ts'
import type { Challenges, Proof } from './challenge.ts'
import { type Action, type AuthorityContext, recordingRefusals } from './decide.ts'
import { type HandedOut, handOut } from './hand-out.ts'
import { signerOf } from './issue.ts'
import type { Enrolment } from './policy.ts'
import { submit } from './requests.ts'
import { assertNotReserved, completeWish, parseSubject, type Subject, type SubjectWish } from './subject.ts'
import { wasThereAnAdministrator } from './was-there-an-administrator.ts'

export interface Registration extends SubjectWish {
  readonly channel: Enrolment['channel']
  /** PEM or DER of a signing request; left out, the key is made here. */
  readonly csr?: string | Uint8Array | undefined
  readonly pkcs12: Pkcs12Profile
  /** Of work; which channel wants one is the caller's to know. */
  readonly proof?: Proof
}

export type Outcome =
  | { readonly kind: 'issued'; readonly issued: HandedOut }
  | { readonly kind: 'queued'; readonly request: RequestRow }

const ACTIONS = { register: 'REGISTER', certify: 'SUBMIT' } as const satisfies Record<string, Action>

/**
 * Somebody whom nobody vouches for yet asks for a certificate. The policy says whether it is signed, queued or refused.
 * @throws AppError CHALLENGE_…, PROOF_OF_WORK_WRONG, ORGANISATION_RESERVED, NAME_TAKEN, KEY_TAKEN, QUEUE_FULL, REQUEST_REFUSED
 * @throws PkiError NAME_INVALID, EMAIL_INVALID, CSR_MALFORMED, CSR_PROOF_INVALID, KEY_WEAK
 */
export async function register(
  context: AuthorityContext,
  challenges: Challenges,
  caller: Caller,
  registration: Registration,
): Promise<Outcome> {
  const attempt = {
    action: ACTIONS[registration.channel],
    about: { commonName: registration.commonName },
  }
  return await recordingRefusals(context, caller, attempt, async () => {
    signerOf(context)
    const { proof } = registration
    // First of all and for good: a challenge that comes back after any refusal would be worth two.
    if (proof) await challenges.spend('register', proof)
    const request = registration.csr === undefined ? undefined : parseSigningRequest(registration.csr)
    const subject = parseSubject(completeWish(registration, request))
    if (await isFirst(context, registration))
      return await makeAdministrator(context, caller, registration, { subject, request })
    assertNotReserved(subject, context.rules.reservedOrganisations)
    return await judge(context, caller, registration, { subject, request })
  })
}

interface Applicant {
  readonly subject: Subject
  readonly request: SigningRequest | undefined
}

async function judge(
  context: AuthorityContext,
  caller: Caller,
  { channel, pkcs12 }: Registration,
  applicant: Applicant,
): Promise<Outcome> {
  const { subject, request } = applicant
  const enrolment = { ...subject, channel, isOwnKey: request !== undefined, address: caller.address }
  const verdict = await context.policy(enrolment)
  if (verdict === 'queue') return { kind: 'queued', request: await submit(context, caller, applicant) }
  if (verdict === 'sign') {
    const order = { subject, request, pkcs12, origin: 'register', claim: { by: 'oneself' } } as const
    return { kind: 'issued', issued: await handOut(context, caller, order) }
  }
  if (typeof verdict?.refuse === 'string') {
    throw new AppError('REQUEST_REFUSED', `This site does not issue that certificate: ${verdict.refuse}`)
  }
  // Somebody else's module, whose types nobody has checked: whatever it meant, nothing is issued.
  throw new TypeError('The policy must return "sign", "queue" or { refuse: "the reason" }.')
}

/** Only where it was asked for in so many words: "first come is administrator" is a race that a stranger can win. */
async function isFirst({ rules, store }: AuthorityContext, { channel }: Registration): Promise<boolean> {
  return rules.isFirstUserAdmin && channel === 'register' && !(await wasThereAnAdministrator(store))
}

async function makeAdministrator(
  context: AuthorityContext,
  caller: Caller,
  { pkcs12 }: Registration,
  { subject, request }: Applicant,
): Promise<Outcome> {
  const order = {
    subject: { ...subject, organisation: ADMIN_ORGANISATION },
    request,
    pkcs12,
    origin: 'register',
    claim: { by: 'oneself' },
    // Again: of all who came at the same time, one.
    async atRecord(within: Aggregates) {
      if (!(await wasThereAnAdministrator(within))) return
      throw new AppError(
        'ORGANISATION_RESERVED',
        'Somebody else was first. Register again, without being an administrator.',
      )
    },
  } as const
  return { kind: 'issued', issued: await handOut(context, caller, order) }
}
