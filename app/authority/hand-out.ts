import type { Pkcs12Profile } from '../../pki/pkcs12-profile.ts'
import type { SigningRequest } from '../../pki/signing-request.ts'
import type { Caller } from './caller.ts'
import type { AuthorityContext } from './decide.ts'
import { type Issued, issue, type Order, signerOf } from './issue.ts'
import { type Pkcs12File, serverMadeKey } from './server-made-key.ts'

export interface HandedOut extends Issued {
  /** With a key that was made here. */
  readonly pkcs12?: Pkcs12File
}

export type HandOut = Omit<Order, 'publicKey' | 'beforeIssue'> & {
  /** Whose key it is for; left out, one is made here. */
  readonly request: SigningRequest | undefined
  readonly pkcs12: Pkcs12Profile
}

/** A certificate for the key of a signing request, or for one that is made for it and leaves as PKCS#12. */
export async function handOut(
  context: AuthorityContext,
  caller: Caller,
  { request, pkcs12: profile, ...order }: HandOut,
): Promise<HandedOut> {
  if (request) return await issue(context, caller, { ...order, publicKey: request.publicKey })
  const key = await serverMadeKey(signerOf(context).certificate, order.subject.commonName, profile)
  let pkcs12: Pkcs12File | undefined
  const issued = await issue(context, caller, {
    ...order,
    publicKey: key.publicKey,
    async beforeIssue(certificate) {
      pkcs12 = key.pack(certificate)
    },
  })
  return { ...issued, ...(pkcs12 && { pkcs12 }) }
}
