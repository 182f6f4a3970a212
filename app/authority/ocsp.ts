import { PkiError, type PkiErrorCode } from '../../pki/errors.ts'
import type { Authority as Signer } from '../../pki/issue-certificate.ts'
import { type OcspRequest, parseOcspRequest } from '../../pki/ocsp-request.ts'
import { encodeOcspError, type RevocationStatus, signOcspResponse } from '../../pki/ocsp-response.ts'
import { AppError } from '../errors.ts'
import type { CertificateRow, Time } from '../store/store.ts'
import type { AuthorityContext } from './decide.ts'

type Context = Pick<AuthorityContext, 'store' | 'signer' | 'now'>

// Our own choice: so long may an answer be shown to somebody who did not ask for a nonce; clocks differ by minutes.
const LIFE_MS = 15 * 60_000

const ERRORS: Partial<Record<PkiErrorCode, Parameters<typeof encodeOcspError>[0]>> = {
  OCSP_MALFORMED: 'malformedRequest',
  OCSP_ISSUER_UNKNOWN: 'unauthorized',
}

/**
 * Says how certificates stand at this moment (RFC 6960). What goes wrong is answered in the same form, because whoever
 * asks understands no other.
 */
export async function answerOcsp(context: Context, input: string | Uint8Array): Promise<Uint8Array> {
  const { signer } = context
  if (!signer) return encodeOcspError('unauthorized')
  try {
    return await answer(context, signer, parseOcspRequest(input, signer.certificate))
  } catch (error) {
    const known = error instanceof PkiError ? ERRORS[error.code] : undefined
    if (known) return encodeOcspError(known)
    if (error instanceof AppError && error.code === 'STORE_UNAVAILABLE') return encodeOcspError('tryLater')
    throw error
  }
}

async function answer({ store, now }: Context, signer: Signer, request: OcspRequest): Promise<Uint8Array> {
  const thisUpdate = now()
  const statuses: RevocationStatus[] = []
  for (const { serialNumber } of request.questions) {
    const row = await store.certificates.find(serialNumber)
    statuses.push(statusOf(row, thisUpdate.getTime()))
  }
  const nextUpdate = new Date(thisUpdate.getTime() + LIFE_MS)
  return await signOcspResponse({ request, statuses, thisUpdate, nextUpdate }, signer)
}

/** What is on record and not signed is no certificate yet. */
function statusOf(row: CertificateRow | undefined, now: Time): RevocationStatus {
  if (!row) return 'unknown'
  const { state, revokedAt, revocationReason } = row
  if (revokedAt !== null && revokedAt <= now) {
    return { revokedAt: new Date(revokedAt), reason: revocationReason ?? 'unspecified' }
  }
  return state === 'issued' ? 'good' : 'unknown'
}
