import { hash } from 'node:crypto'
import {
  contextTag,
  encodeElement,
  encodeExtension,
  encodeGeneralizedTime,
  encodeOid,
  TAG,
} from './encode-der.ts'
import { encodeSigned } from './encode-signed.ts'
import type { Authority } from './issue-certificate.ts'
import { type Issuer, issuerOf } from './issuer.ts'
import { OID } from './object-identifiers.ts'
import type { CertificateQuestion, OcspRequest } from './ocsp-request.ts'
import { REVOCATION_REASONS, type RevocationReason } from './revocation-reason.ts'
import { signatureIdentifier } from './signature-algorithm.ts'

/** `unknown`: not issued by the authority, as far as is known. */
export type RevocationStatus =
  | 'good'
  | 'unknown'
  | { readonly revokedAt: Date; readonly reason: RevocationReason }

export interface OcspAnswer {
  readonly request: OcspRequest
  /** One for each question, in the same order. */
  readonly statuses: readonly RevocationStatus[]
  /** When this was known to be so. */
  readonly thisUpdate: Date
  readonly nextUpdate: Date
}

/** OCSPResponseStatus of RFC 6960 section 4.2.1, without those that are never given here. */
const ERRORS = { malformedRequest: 1, tryLater: 3, unauthorized: 6 } as const
const SUCCESSFUL = 0

// IMPLICIT NULL, RFC 6960 section 4.2.1.
const GOOD = Buffer.of(0x80, 0)
const UNKNOWN = Buffer.of(0x82, 0)

function encodeStatus(status: RevocationStatus): Uint8Array {
  if (status === 'good') return GOOD
  if (status === 'unknown') return UNKNOWN
  const { revokedAt, reason } = status
  const code = encodeElement(TAG.enumerated, Buffer.of(REVOCATION_REASONS[reason]))
  const reasons = reason === 'unspecified' ? [] : [encodeElement(contextTag(0), code)]
  return encodeElement(contextTag(1), encodeGeneralizedTime(revokedAt), ...reasons)
}

function encodeSingle(question: CertificateQuestion, status: RevocationStatus, answer: OcspAnswer) {
  return encodeElement(
    TAG.sequence,
    question.certId,
    encodeStatus(status),
    encodeGeneralizedTime(answer.thisUpdate),
    encodeElement(contextTag(0), encodeGeneralizedTime(answer.nextUpdate)),
  )
}

function encodeData(answer: OcspAnswer, { keyBits }: Issuer): Uint8Array {
  const { request, statuses, thisUpdate } = answer
  const { questions, nonce } = request
  const keyHash = encodeElement(TAG.octetString, hash('sha1', keyBits, 'buffer'))
  const singles = questions.map((question, i) => encodeSingle(question, statuses[i] ?? 'unknown', answer))
  const extensions = nonce ? [encodeElement(TAG.sequence, encodeExtension(OID.ocspNonce, nonce))] : []
  return encodeElement(
    TAG.sequence,
    encodeElement(contextTag(2), keyHash),
    encodeGeneralizedTime(thisUpdate),
    encodeElement(TAG.sequence, ...singles),
    ...extensions.map(extension => encodeElement(contextTag(1), extension)),
  )
}

function encodeResponse(status: number, ...bytes: readonly Uint8Array[]): Uint8Array {
  const code = encodeElement(TAG.enumerated, Buffer.of(status))
  return encodeElement(TAG.sequence, code, ...bytes)
}

/**
 * What the authority itself answers (RFC 6960 section 4.2): no certificate needs to come with it, because whoever asks
 * has the authority's.
 */
export async function signOcspResponse(
  answer: OcspAnswer,
  { certificate, privateKey }: Authority,
): Promise<Uint8Array> {
  const issuer = issuerOf(certificate)
  const algorithm = signatureIdentifier(issuer.key)
  const basic = await encodeSigned(encodeData(answer, issuer), algorithm, privateKey)
  const typed = encodeElement(TAG.sequence, encodeOid(OID.ocspBasic), encodeElement(TAG.octetString, basic))
  return encodeResponse(SUCCESSFUL, encodeElement(contextTag(0), typed))
}

/** An answer without a signature: anybody could have made it. */
export function encodeOcspError(error: keyof typeof ERRORS): Uint8Array {
  return encodeResponse(ERRORS[error])
}
