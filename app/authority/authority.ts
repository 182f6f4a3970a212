import type { Pkcs12Profile } from '../../pki/pkcs12-profile.ts'
import { parseSigningRequest } from '../../pki/signing-request.ts'
import type { CertificateRow, RequestRow } from '../store/store.ts'
import { abandonUnfinished } from './abandon.ts'
import type { Refusal } from './acknowledgements.ts'
import type { Caller } from './caller.ts'
import { type Challenge, createChallenges } from './challenge.ts'
import { type AuthorityContext, recordingRefusals } from './decide.ts'
import { type HandedOut, handOut } from './hand-out.ts'
import { answerOcsp } from './ocsp.ts'
import { createProxies, type Proxies } from './proxies.ts'
import { type Outcome, type Registration, register } from './register.ts'
import { type Renewal, type Renewed, renew } from './renew.ts'
import { type Approval, approve, collect, reject } from './requests.ts'
import { createRevocationLists, type PublishedLists } from './revocation-lists.ts'
import { type RevocationWish, revoke } from './revoke.ts'
import { completeWish, parseSubject, type SubjectWish } from './subject.ts'
import { unhold } from './unhold.ts'

/** What an administrator wants issued. */
export interface IssueWish extends SubjectWish {
  readonly csr?: string | undefined
  readonly days?: number | undefined
  readonly pkcs12: Pkcs12Profile
}

export interface Revoked {
  readonly row: CertificateRow
  /** What the proxies say; never fails, and takes two seconds at most. */
  readonly refusals: Promise<readonly Refusal[]>
}

/** All decisions; who may ask for which is for the routes to say. */
export interface Authority {
  challenge(): Promise<Challenge>
  register(caller: Caller, registration: Registration): Promise<Outcome>
  issue(caller: Caller, wish: IssueWish): Promise<HandedOut>
  renew(caller: Caller, renewal: Renewal): Promise<Renewed>
  revoke(caller: Caller, wish: RevocationWish): Promise<Revoked>
  unhold(caller: Caller, serial: string): Promise<CertificateRow>
  approve(caller: Caller, approval: Approval): Promise<RequestRow>
  reject(caller: Caller, rejection: { readonly id: string; readonly reason: string }): Promise<RequestRow>
  collect(
    caller: Caller,
    collection: { readonly id: string; readonly pkcs12: Pkcs12Profile },
  ): Promise<HandedOut>
  /** Gives up what killed processes have left unfinished. */
  recover(): Promise<number>
  readonly revocationLists: PublishedLists
  readonly proxies: Proxies
  /** An answer to an OCSP request, whatever that is. @param input DER, or base64 */
  ocsp(input: string | Uint8Array): Promise<Uint8Array>
}

export function openAuthority(context: AuthorityContext): Authority {
  const challenges = createChallenges(context.store, context.rules.proofOfWorkBits, context.now)
  const proxies = createProxies(context.store.proxyList, context.onRefused)
  return {
    challenge: () => challenges.create('register'),
    register: (caller, registration) => register(context, challenges, caller, registration),
    issue: (caller, wish) => issueAtOnce(context, caller, wish),
    renew: (caller, renewal) => renew(context, caller, renewal),
    async revoke(caller, wish) {
      const { row, generation } = await revoke(context, caller, wish)
      return { row, refusals: proxies.announce(generation) }
    },
    unhold: (caller, serial) => unhold(context, caller, serial).finally(proxies.tell),
    approve: (caller, approval) => approve(context, caller, approval),
    reject: (caller, rejection) => reject(context, caller, rejection),
    collect: (caller, collection) => collect(context, caller, collection),
    recover: () => abandonUnfinished(context),
    revocationLists: createRevocationLists(context),
    proxies,
    ocsp: input => answerOcsp(context, input),
  }
}

/** An administrator's word is enough, for reserved organisations too. */
async function issueAtOnce(context: AuthorityContext, caller: Caller, wish: IssueWish): Promise<HandedOut> {
  return await recordingRefusals(
    context,
    caller,
    { action: 'ISSUE', about: { commonName: wish.commonName } },
    async () => {
      const request = wish.csr === undefined ? undefined : parseSigningRequest(wish.csr)
      const subject = parseSubject(completeWish(wish, request))
      const claim = { by: 'administrator' } as const
      return await handOut(context, caller, { ...wish, subject, request, origin: 'issue', claim })
    },
  )
}
