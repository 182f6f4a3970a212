import type { RevocationReason } from '../../pki/revocation-reason.ts'
import { AppError } from '../errors.ts'
import type { Revocation } from '../identity/identify.ts'
import { isAtLeast } from '../identity/levels.ts'
import type { CertificateRow, Store } from '../store/store.ts'
import type { Caller } from './caller.ts'
import { type AuthorityContext, decide, recordingRefusals } from './decide.ts'

export interface RevocationWish {
  readonly serial: string
  readonly reason: RevocationReason
}

/**
 * From now on, and on every request. Administrators revoke any certificate, everybody else their own.
 * @returns with the generation of the list for proxies since which it is on that
 * @throws AppError CERT_UNKNOWN (also for what the caller may not see), ALREADY_REVOKED
 */
export async function revoke(
  context: AuthorityContext,
  caller: Caller,
  { serial, reason }: RevocationWish,
): Promise<{ readonly row: CertificateRow; readonly generation: number }> {
  return await recordingRefusals(context, caller, { action: 'REVOKE', about: { serial } }, async () => {
    await visibleCertificate(context.store, caller, serial)
    return await decide(context, caller, async (within, audit) => {
      await audit('CERT_REVOKED', { serial, reason })
      const at = context.now().getTime()
      const isNew = await within.certificates.revoke(serial, { at, reason, by: caller.identity.serial })
      const row = await within.certificates.find(serial)
      if (isNew && row) return { row, generation: await within.proxyList.generation() }
      throw alreadyRevoked(serial, row?.revokedAt ?? at, at)
    })
  })
}

function alreadyRevoked(serial: string, revokedAt: number, now: number): AppError {
  const at = new Date(revokedAt).toISOString()
  const why =
    revokedAt > now
      ? `The certificate ${serial} was renewed and ends at ${at}, which the end of a hold would undo. Revoke it with another reason than certificateHold.`
      : `The certificate ${serial} has been revoked since ${at}. Nothing was changed.`
  return new AppError('ALREADY_REVOKED', why)
}

/**
 * One that the caller may see: an administrator any, everybody else those with his own name.
 * @throws AppError CERT_UNKNOWN
 */
export async function visibleCertificate(
  store: Store,
  caller: Caller,
  serial: string,
): Promise<CertificateRow> {
  const row = await store.certificates.find(serial)
  if (row && (isAtLeast(caller.identity.level, 'admin') || row.holderId === (await holderOf(store, caller))))
    return row
  throw new AppError(
    'CERT_UNKNOWN',
    'There is no certificate with that serial number here that you may see. A serial number is upper-case hexadecimal, as in GET /pki/certs.',
  )
}

/** By the certificate that is presented, never by its name. */
export async function holderOf(store: Store, caller: Caller): Promise<string | undefined> {
  return (await presentedCertificate(store, caller))?.holderId
}

/** The one on record that is exactly what the caller presents: of two authorities each may have given one number. */
export async function presentedCertificate(
  store: Pick<Store, 'certificates'>,
  { identity: { serial, fingerprint256 } }: Caller,
): Promise<CertificateRow | undefined> {
  const row = serial === null ? undefined : await store.certificates.find(serial)
  return row?.fingerprint256 === fingerprint256 ? row : undefined
}

/** Asked on every request with a certificate that is good otherwise. */
export async function revocationOf(
  store: Pick<Store, 'certificates'>,
  serial: string,
  now: Date,
): Promise<Revocation | undefined> {
  const row = await store.certificates.find(serial)
  if (!row || row.revokedAt === null || row.revokedAt > now.getTime()) return undefined
  return { at: new Date(row.revokedAt), reason: row.revocationReason ?? 'unspecified' }
}
