import { randomUUID } from 'node:crypto'
import { nameKey } from '../../pki/common-name.ts'
import { AppError } from '../errors.ts'
import type { Aggregates, CertificateRow, Holder, Time } from '../store/store.ts'
import type { Subject } from './subject.ts'

/**
 * By what right a name is asked for. `oneself`: it must never have been anybody's. `administrator`: nobody may have a
 * valid certificate of that name. `renewal`: proved with the certificate that is renewed.
 */
export type NameClaim =
  | { readonly by: 'oneself' | 'administrator' }
  | { readonly by: 'renewal'; readonly holderId: string }

/**
 * The person of that name, made if there is none.
 * @throws AppError NAME_TAKEN, for look-alikes too
 */
export async function resolveHolder(
  within: Aggregates,
  { subject, claim }: { readonly subject: Subject; readonly claim: NameClaim },
  now: Time,
): Promise<string> {
  if (claim.by === 'renewal') return claim.holderId
  const known = await within.holders.byNameKey(nameKey(subject.commonName))
  if (!known) return await addHolder(within, subject, now)
  await assertNameIsFree(within, { known, subject, now, isOneself: claim.by === 'oneself' })
  return known.id
}

/** @throws AppError NAME_TAKEN, before anybody has to decide anything */
export async function assertNameIsFreeForOneself(
  within: Aggregates,
  subject: Subject,
  now: Time,
): Promise<void> {
  const known = await within.holders.byNameKey(nameKey(subject.commonName))
  if (known) await assertNameIsFree(within, { known, subject, now, isOneself: true })
}

export async function addHolder(within: Aggregates, subject: Subject, now: Time): Promise<string> {
  const id = randomUUID()
  // One by one: a request that is approved is a subject as well, with more in it than a holder has.
  const { commonName, organisation, email } = subject
  await within.holders.add({
    id,
    nameKey: nameKey(commonName),
    commonName,
    organisation,
    email,
    createdAt: now,
  })
  return id
}

interface NameQuestion {
  readonly known: Holder
  readonly subject: Subject
  readonly now: Time
  readonly isOneself: boolean
}

async function assertNameIsFree(
  within: Aggregates,
  { known, subject, now, isOneself }: NameQuestion,
): Promise<void> {
  const [valid] = await within.certificates.active(known.id, now)
  if (isOneself && (valid || (await everHadOne(within, known.id, now)))) {
    throw new AppError(
      'NAME_TAKEN',
      `The name "${subject.commonName}" is taken, or looks like one that is. Renew with the certificate that you have, choose another name, or ask an administrator.`,
    )
  }
  if (!valid) return
  throw new AppError(
    'NAME_TAKEN',
    `The name "${subject.commonName}" is that of "${valid.commonName}", or looks like it, who has the valid certificate ${valid.serial}. Let it be renewed, or revoke it first.`,
  )
}

/** A certificate, or one-time codes: services behind the gate know people by these names. */
async function everHadOne(within: Aggregates, holderId: string, now: Time): Promise<boolean> {
  const rows: readonly CertificateRow[] = await within.certificates.list({ now, holderId, limit: 1000 })
  return rows.some(({ state }) => state === 'issued') || (await within.gate.users.wasOne(holderId))
}
