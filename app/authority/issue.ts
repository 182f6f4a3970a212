import type { KeyObject } from 'node:crypto'
import { type Authority as Signer, signToBeSigned } from '../../pki/issue-certificate.ts'
import type { ParsedCertificate } from '../../pki/parse-certificate.ts'
import { encodeCertificatePem } from '../../pki/pem.ts'
import { PROFILES } from '../../pki/profiles.ts'
import { spki256Of } from '../../pki/spki.ts'
import { type ToBeSigned, toBeSigned } from '../../pki/to-be-signed.ts'
import { AppError } from '../errors.ts'
import type { Aggregates, CertificateRow, Origin } from '../store/store.ts'
import { abandonLeftBehind, abandonSoon } from './abandon.ts'
import type { Caller } from './caller.ts'
import { type Audit, type AuthorityContext, decide } from './decide.ts'
import { type NameClaim, resolveHolder } from './holder.ts'
import { assertKeyIsFree } from './keys.ts'
import { distinguishedName, type Subject } from './subject.ts'

/** A certificate that somebody has decided to issue. */
export interface Order {
  readonly subject: Subject
  readonly publicKey: KeyObject
  readonly origin: Origin
  readonly claim: NameClaim
  readonly days?: number | undefined
  /** In the transaction that records the serial number, before the CA key is used. */
  readonly atRecord?: (within: Aggregates, audit: Audit, serial: string) => Promise<void>
  /** What has to be made of the certificate before it counts as issued; fails, and it never does. */
  readonly beforeIssue?: (certificate: ParsedCertificate) => Promise<void>
  /** In the transaction that makes the certificate a valid one. */
  readonly atIssue?: (within: Aggregates, audit: Audit, row: CertificateRow) => Promise<void>
}

export interface Issued {
  readonly row: CertificateRow
  readonly certificate: ParsedCertificate
}

/** @throws AppError CA_KEY_ABSENT */
export function signerOf({ signer }: AuthorityContext): Signer {
  if (signer) return signer
  throw new AppError(
    'CA_KEY_ABSENT',
    'Nothing is signed here: the application has no client CA key (GATEHOUSE_CLIENT_CA_KEY_FILE). Ask whoever runs it.',
  )
}

/**
 * Record, then sign: the serial number and what will be signed are on disk before the CA key is used, so that there is
 * no certificate, whenever the process is killed, that cannot be named and revoked.
 */
export async function issue(context: AuthorityContext, caller: Caller, order: Order): Promise<Issued> {
  const signer = signerOf(context)
  const planned = toBeSigned(
    {
      profile: PROFILES.client,
      subject: distinguishedName(order.subject),
      alternativeNames: { emails: order.subject.email === null ? [] : [order.subject.email] },
      now: context.now(),
      days: order.days ?? context.rules.days,
      ...(context.statusUrls && { statusUrls: context.statusUrls }),
    },
    order.publicKey,
    signer.certificate,
  )
  await abandonLeftBehind(context)
  await record(context, caller, order, planned)
  try {
    const certificate = await signToBeSigned(planned, signer)
    await order.beforeIssue?.(certificate)
    return { certificate, row: await complete(context, caller, order, certificate) }
  } catch (error) {
    await abandonSoon(context, planned.serialNumber)
    throw error
  }
}

async function record(
  context: AuthorityContext,
  caller: Caller,
  order: Order,
  planned: ToBeSigned,
): Promise<void> {
  const { serialNumber: serial } = planned
  const { commonName, organisation, email } = order.subject
  await decide(context, caller, async (within, audit) => {
    await audit('CERT_RECORDED', { serial, commonName, organisation, email, origin: order.origin })
    // First: that it is decided already says more than that its name is taken, which follows from it.
    await order.atRecord?.(within, audit, serial)
    const holderId = await resolveHolder(within, order, context.now().getTime())
    const isRenewal = order.claim.by === 'renewal'
    await assertKeyIsFree(context, within, { publicKey: order.publicKey, holderId, isRenewal })
    await within.certificates.record({ ...rowOf(context, caller, order, planned), holderId })
  })
}

function rowOf({ now }: AuthorityContext, caller: Caller, order: Order, planned: ToBeSigned) {
  // One by one: a request that is approved is a subject as well, with more in it than a certificate has.
  const { commonName, organisation, email } = order.subject
  return {
    commonName,
    organisation,
    email,
    serial: planned.serialNumber,
    state: 'recorded' as const,
    spki256: spki256Of(order.publicKey),
    notBefore: planned.notBefore.getTime(),
    notAfter: planned.notAfter.getTime(),
    toBeSigned: Buffer.from(planned.bytes).toString('base64'),
    fingerprint256: null,
    pem: null,
    origin: order.origin,
    requestedBy: caller.identity.serial,
    recordedAt: now().getTime(),
    issuedAt: null,
    revokedAt: null,
    revocationReason: null,
    revokedBy: null,
  }
}

async function complete(
  context: AuthorityContext,
  caller: Caller,
  order: Order,
  certificate: ParsedCertificate,
): Promise<CertificateRow> {
  const { serialNumber: serial, fingerprint256 } = certificate
  return await decide(context, caller, async (within, audit) => {
    await audit('CERT_ISSUED', { serial, fingerprint256, commonName: order.subject.commonName })
    const issued = {
      pem: encodeCertificatePem(certificate.der),
      fingerprint256,
      issuedAt: context.now().getTime(),
    }
    const isComplete = await within.certificates.complete(serial, issued)
    const row = await within.certificates.find(serial)
    if (!isComplete || !row) {
      throw new AppError(
        'ALREADY_REVOKED',
        `The certificate ${serial} was given up while it was being signed. Ask again.`,
      )
    }
    await order.atIssue?.(within, audit, row)
    await context.post.issued(within.outbox, row)
    return row
  })
}
