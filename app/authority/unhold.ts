import { AppError } from '../errors.ts'
import type { CertificateRow } from '../store/store.ts'
import type { Caller } from './caller.ts'
import { type AuthorityContext, decide, recordingRefusals } from './decide.ts'

/**
 * Ends a hold (`certificateHold` of RFC 5280 section 5.3.1): the certificate is good again. Every other reason is for
 * good.
 * @throws AppError CERT_UNKNOWN, NOT_ON_HOLD
 */
export async function unhold(
  context: AuthorityContext,
  caller: Caller,
  serial: string,
): Promise<CertificateRow> {
  return await recordingRefusals(context, caller, { action: 'UNHOLD', about: { serial } }, () =>
    decide(context, caller, async (within, audit) => {
      await audit('CERT_UNHELD', { serial })
      const isEnded = await within.certificates.unhold(serial)
      const row = await within.certificates.find(serial)
      if (!row) throw new AppError('CERT_UNKNOWN', 'There is no certificate with that serial number here.')
      if (isEnded) return row
      throw new AppError(
        'NOT_ON_HOLD',
        `The certificate ${row.serial} ${howItStands(row)} Nothing was changed.`,
      )
    }),
  )
}

function howItStands({ revokedAt, revocationReason }: CertificateRow): string {
  if (revokedAt === null) return 'is not revoked.'
  return `is revoked for good (${revocationReason}): only what is on hold (certificateHold) can be released. Issue a new one.`
}
