import { type KeyObject, X509Certificate } from 'node:crypto'
import { spki256Of } from '../../pki/spki.ts'
import { AppError } from '../errors.ts'
import type { Aggregates, CertificateRow } from '../store/store.ts'
import type { AuthorityContext } from './decide.ts'

export interface KeyClaim {
  readonly publicKey: KeyObject
  /** `null`: nobody who is on record yet. */
  readonly holderId: string | null
  /** The certificate that is renewed: its key may be used again. */
  readonly isRenewal?: boolean
}

/**
 * A key names one person, and a revoked one nobody for ever: what has become of its copies is not known.
 * @throws AppError KEY_TAKEN
 */
export async function assertKeyIsFree(
  { issuer, now }: AuthorityContext,
  within: Aggregates,
  { publicKey, holderId, isRenewal = false }: KeyClaim,
): Promise<void> {
  const spki256 = spki256Of(publicKey)
  if (spki256 === spki256Of(new X509Certificate(issuer.der).publicKey))
    throw taken('it is that of the client CA')
  const rows = (await within.certificates.withKey(spki256)).filter(mayBeKnown)
  for (const row of rows) {
    if (row.holderId !== holderId) throw taken('it is that of another certificate')
    if (isRevoked(row, now().getTime())) throw taken('it is that of a revoked certificate')
    if (!isRenewal) throw taken('there is a certificate for it')
  }
}

/** What was recorded and never signed, or given up, has reached nobody. */
function mayBeKnown({ state, revokedAt }: CertificateRow): boolean {
  return state === 'issued' || revokedAt === null
}

/** Replaced by a successor is no suspicion. */
function isRevoked({ revokedAt, revocationReason }: CertificateRow, now: number): boolean {
  return revokedAt !== null && revokedAt <= now && revocationReason !== 'superseded'
}

function taken(why: string): AppError {
  return new AppError(
    'KEY_TAKEN',
    `The key of the request is not acceptable: ${why}. Make a new key and ask again.`,
  )
}
