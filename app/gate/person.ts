import { nameKey } from '../../pki/common-name.ts'
import type { Caller } from '../authority/caller.ts'
import { presentedCertificate } from '../authority/revoke.ts'
import { isAtLeast } from '../identity/levels.ts'
import type { Aggregates } from '../store/store.ts'

/** Whose trusted certificate a caller presents. */
export interface CertifiedPerson {
  /** As in the certificate. */
  readonly name: string
  /** `undefined`: nobody is on record under this name yet. */
  readonly holderId: string | undefined
  /** Of the certificate, if it is on record here. */
  readonly serial: string | null
}

/**
 * By the certificate where it is on record, otherwise by its name: that of a client CA whose certificates are made
 * elsewhere.
 * @returns `undefined` without a trusted certificate, or when it does not say who it is: it has two names, or that of
 * somebody who has a certificate on record
 */
export async function certifiedPerson(
  within: Pick<Aggregates, 'certificates' | 'holders'>,
  caller: Caller,
): Promise<CertifiedPerson | undefined> {
  const { name, level } = caller.identity
  if (name === null || !isAtLeast(level, 'trusted')) return undefined
  const row = await presentedCertificate(within, caller)
  if (row) return { name: row.commonName, holderId: row.holderId, serial: row.serial }
  const holder = await within.holders.byNameKey(nameKey(name))
  if (holder && (await hasCertificates(within, holder.id))) return undefined
  return { name: holder?.commonName ?? name, holderId: holder?.id, serial: null }
}

async function hasCertificates(
  { certificates }: Pick<Aggregates, 'certificates'>,
  holderId: string,
): Promise<boolean> {
  return (await certificates.list({ now: 0, holderId, limit: 1 })).length > 0
}
