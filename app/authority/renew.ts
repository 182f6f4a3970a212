import type { Pkcs12Profile } from '../../pki/pkcs12-profile.ts'
import { parseSigningRequest } from '../../pki/signing-request.ts'
import { AppError } from '../errors.ts'
import type { Aggregates, CertificateRow } from '../store/store.ts'
import type { Caller } from './caller.ts'
import { type AuthorityContext, recordingRefusals } from './decide.ts'
import { type HandedOut, handOut } from './hand-out.ts'
import { presentedCertificate, revocationOf } from './revoke.ts'

export interface Renewal {
  readonly csr?: string | undefined
  readonly pkcs12: Pkcs12Profile
}

export interface Renewed extends HandedOut {
  readonly replaces: CertificateRow
}

/**
 * A successor with the same identity for whoever has the certificate and its key; the old one stays good for the
 * overlap. Nothing of a signing request counts but its key.
 * @throws AppError CERT_UNKNOWN, CERT_REVOKED, KEY_TAKEN
 */
export async function renew(
  context: AuthorityContext,
  caller: Caller,
  { csr, pkcs12 }: Renewal,
): Promise<Renewed> {
  return await recordingRefusals(context, caller, { action: 'RENEW', about: {} }, async () => {
    const old = await ownCertificate(context, caller)
    const until = context.now().getTime() + context.rules.overlapMs
    const renewed = await handOut(context, caller, {
      subject: old,
      request: csr === undefined ? undefined : parseSigningRequest(csr),
      pkcs12,
      origin: 'renew',
      claim: { by: 'renewal', holderId: old.holderId },
      atRecord: within => assertNotRevoked(context, within, old),
      async atIssue(within, audit, { serial: successor }) {
        const { serial } = old
        await assertNotRevoked(context, within, old)
        await audit('CERT_SUPERSEDED', { serial, successor, at_latest: new Date(until).toISOString() })
        await within.certificates.revoke(serial, {
          at: until,
          reason: 'superseded',
          by: caller.identity.serial,
        })
      },
    })
    const replaces = await context.store.certificates.find(old.serial)
    return { ...renewed, replaces: replaces ?? old }
  })
}

/** Again in the transaction: it was good when the request came, and somebody may have revoked it since. */
async function assertNotRevoked(
  { now }: AuthorityContext,
  within: Aggregates,
  { serial }: CertificateRow,
): Promise<void> {
  const revocation = await revocationOf(within, serial, now())
  if (!revocation) return
  throw new AppError(
    'CERT_REVOKED',
    `Your certificate was revoked at ${revocation.at.toISOString()} (${revocation.reason}), while it was being renewed.`,
  )
}

async function ownCertificate({ store }: AuthorityContext, caller: Caller): Promise<CertificateRow> {
  const row = await presentedCertificate(store, caller)
  if (row) return row
  throw new AppError(
    'CERT_UNKNOWN',
    'Your certificate is good, but it was made elsewhere and is not on record here. Ask an administrator for a new one.',
  )
}
