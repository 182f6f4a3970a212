import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { PkiError } from '../../pki/errors.ts'
import { type ParsedCertificate, parseCertificate } from '../../pki/parse-certificate.ts'
import { verifyIssuerValidity, verifyValidity } from '../../pki/verify-certificate.ts'
import { type Judgement, judgeCertificate } from './judge-certificate.ts'

/** `serial` is `null` when the certificate cannot be read. */
export interface Presented {
  readonly serial: string | null
  readonly fingerprint256: string
}

export type Opinion =
  | { readonly presented: Presented; readonly judgement: Judgement; readonly isNew: boolean }
  | { readonly presented: Presented; readonly error: PkiError }

type Kept = { readonly presented: Presented } & (
  | { readonly judgement: Judgement }
  | { readonly error: PkiError }
)

// Our own choice: the certificates in use at one time; about 4 KiB each.
const SIZES = { issued: 5_000, strangers: 1_000 }
// What time changes is not kept.
const PASSING: ReadonlySet<string> = new Set(['CERT_NOT_YET_VALID', 'CERT_EXPIRED'])

/**
 * Judges each certificate once and keeps the outcome by SHA-256 of its DER; the validity of certificate and issuer
 * is looked at every time. What our authorities did not issue is kept apart: everybody can make as many of those
 * as they like, and must not push the others out.
 */
export function createCertificateCache(
  authorities: readonly ParsedCertificate[],
  sizes = SIZES,
): (der: Uint8Array, at: Date) => Opinion {
  const issued = new LRUCache<string, Kept>({ max: sizes.issued })
  const strangers = new LRUCache<string, Kept>({ max: sizes.strangers })
  return function examine(der, at) {
    const fingerprint256 = hash('sha256', der, 'hex').toUpperCase()
    const known = issued.get(fingerprint256) ?? strangers.get(fingerprint256)
    if (known) return recall(known, at)
    const fresh = judge(der, fingerprint256, authorities, at)
    if ('judgement' in fresh) (fresh.judgement.issuer ? issued : strangers).set(fingerprint256, fresh)
    else if (!PASSING.has(fresh.error.code)) strangers.set(fingerprint256, fresh)
    return { ...fresh, isNew: true }
  }
}

function recall(known: Kept, at: Date): Opinion {
  if ('error' in known) return known
  const { presented, judgement } = known
  try {
    if (judgement.issuer) verifyIssuerValidity(judgement.issuer, at)
    verifyValidity(judgement.certificate, at)
  } catch (error) {
    return { presented, error: expected(error) }
  }
  return { presented, judgement, isNew: false }
}

function judge(
  der: Uint8Array,
  fingerprint256: string,
  authorities: readonly ParsedCertificate[],
  at: Date,
): Kept {
  let serial: string | null = null
  try {
    const certificate = parseCertificate(der)
    serial = certificate.serialNumber
    return {
      presented: { serial, fingerprint256 },
      judgement: judgeCertificate(certificate, authorities, at),
    }
  } catch (error) {
    return { presented: { serial, fingerprint256 }, error: expected(error) }
  }
}

/** Anything but a finding about the certificate is a fault of ours, and must not be taken for one. */
function expected(error: unknown): PkiError {
  if (error instanceof PkiError) return error
  throw error
}
