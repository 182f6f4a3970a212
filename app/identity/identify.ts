import type { ParsedCertificate } from '../../pki/parse-certificate.ts'
import { createCertificateCache, type Opinion, type Presented } from './certificate-cache.ts'
import { anonymous, type Identity, type Verify } from './identity.ts'
import type { Level } from './levels.ts'
import type { Failure, Finding, Reading } from './offer.ts'
import { reasonOf } from './reasons.ts'

/** What the store of an authority knows of a certificate that it has revoked. */
export interface Revocation {
  readonly at: Date
  /** CRLReason of RFC 5280 section 5.3.1. */
  readonly reason: string
}

export interface Identified {
  readonly identity: Identity
  /** The certificate that was presented, also when it was refused. */
  readonly presented: Presented | null
  /** Of the authorities, the one that issued it; left out for one that is self-signed or was refused. */
  readonly issuer?: ParsedCertificate | undefined
  /** Why the caller is not who the request says he is. */
  readonly failure: Failure | null
  /** Verified anew, not known from an earlier request. */
  readonly isNew: boolean
  /** What the certificate alone would make of him, where it is not enough and the rest is missing. */
  readonly withheld?: Level
}

/** What was read from a request -> who is calling. Never throws for what a caller sent. */
export function createIdentifier(
  authorities: readonly ParsedCertificate[],
  now: () => Date,
): (reading: Reading) => Identified {
  const examine = createCertificateCache(authorities)
  return function identify({ offer, via }) {
    if (offer.kind === 'none') return nobody('NONE', via, null, null)
    if (offer.kind === 'refused') return nobody(offer.verify, via, null, offer.failure)
    return decide(examine(offer.der, now()), offer.finding, via)
  }
}

function decide(opinion: Opinion, finding: Finding, via: string | null): Identified {
  const { presented } = opinion
  if ('error' in opinion) {
    const { code, message: reason } = opinion.error
    return refused({ code, reason }, via, presented)
  }
  const { claims, issuer } = opinion.judgement
  if (finding === 'validated' && !issuer) {
    const reason = 'The proxy says that it validated the certificate, and the certificate is self-signed.'
    return nobody(claims.verify, via, presented, { code: 'HEADERS_CONTRADICTORY', reason })
  }
  if (issuer && finding.startsWith('FAILED:')) {
    const reason = `The certificate is good for the application, and the proxy says ${finding}.`
    return nobody(finding as Verify, via, presented, { code: 'CERT_REFUSED_BY_PROXY', reason })
  }
  const identity = Object.freeze({ ...claims, via })
  return { identity, presented, issuer: issuer ?? undefined, failure: null, isNew: opinion.isNew }
}

/** A certificate that was good, and is not any more. */
export function revoked({ identity, presented }: Identified, { at, reason }: Revocation): Identified {
  const failure = {
    code: 'CERT_REVOKED',
    reason: `The certificate was revoked at ${at.toISOString()} (${reason}).`,
  } as const
  return refused(failure, identity.via, presented)
}

function refused(failure: Failure, via: string | null, presented: Presented | null): Identified {
  return nobody(`FAILED:${reasonOf(failure.code)?.verify ?? 'refused'}`, via, presented, failure)
}

function nobody(
  verify: Verify,
  via: string | null,
  presented: Presented | null,
  failure: Failure | null,
): Identified {
  return { identity: anonymous(verify, via), presented, failure, isNew: false }
}
