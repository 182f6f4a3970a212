import { setImmediate } from 'node:timers/promises'
import { AuthorityKeyIdentifier } from 'pkijs'
import {
  contextTag,
  encodeElement,
  encodeExtension,
  encodeInteger,
  encodeTime,
  TAG,
  toDer,
} from './encode-der.ts'
import { encodeSigned } from './encode-signed.ts'
import { PkiError } from './errors.ts'
import type { Authority } from './issue-certificate.ts'
import { type Issuer, issuerOf } from './issuer.ts'
import { OID } from './object-identifiers.ts'
import type { ParsedCertificate } from './parse-certificate.ts'
import { REVOCATION_REASONS, type RevocationReason } from './revocation-reason.ts'
import { encodeSerialNumber } from './serial-number.ts'
import { signatureIdentifier } from './signature-algorithm.ts'

export interface RevokedCertificate {
  /** As `ParsedCertificate.serialNumber`. */
  readonly serialNumber: string
  readonly revokedAt: Date
  readonly reason: RevocationReason
}

type Pages = Iterable<readonly RevokedCertificate[]> | AsyncIterable<readonly RevokedCertificate[]>

export interface RevocationListRequest {
  /** A whole number that is higher for each list of the authority. */
  readonly number: number
  readonly thisUpdate: Date
  /** When there will be another one at the latest. */
  readonly nextUpdate: Date
  /** Some at a time: between two pages others have their turn. */
  readonly pages: Pages
}

export interface SignedRevocationList {
  readonly der: Uint8Array
  readonly entries: number
}

const VERSION_2 = encodeInteger(1)

function encodeReason(reason: RevocationReason): Uint8Array {
  const code = encodeElement(TAG.enumerated, Buffer.of(REVOCATION_REASONS[reason]))
  return encodeElement(TAG.sequence, encodeExtension(OID.reasonCode, code))
}

/** RFC 5280 section 5.3.1: no reason code rather than `unspecified`. */
const REASONS = new Map(
  Object.keys(REVOCATION_REASONS).map(name => {
    const reason = name as RevocationReason
    return [reason, reason === 'unspecified' ? [] : [encodeReason(reason)]] as const
  }),
)

function encodeEntry({ serialNumber, revokedAt, reason }: RevokedCertificate): Uint8Array {
  const extensions = REASONS.get(reason) ?? []
  return encodeElement(TAG.sequence, encodeSerialNumber(serialNumber), encodeTime(revokedAt), ...extensions)
}

async function encodeEntries(pages: Pages): Promise<{ encoded: Uint8Array; count: number }> {
  const parts: Uint8Array[] = []
  let count = 0
  for await (const page of pages) {
    parts.push(Buffer.concat(page.map(encodeEntry)))
    count += page.length
    await setImmediate()
  }
  return { encoded: Buffer.concat(parts), count }
}

function encodeExtensions({ keyIdentifier }: Issuer, number: number): Uint8Array {
  const authority = new AuthorityKeyIdentifier({ keyIdentifier })
  const extensions = [
    encodeExtension(OID.authorityKeyIdentifier, toDer(authority.toSchema())),
    encodeExtension(OID.cRLNumber, encodeInteger(number)),
  ]
  return encodeElement(contextTag(0), encodeElement(TAG.sequence, ...extensions))
}

/** RFC 5280 section 4.2.1.3: whoever has a key usage needs `cRLSign` in it. */
export function maySignRevocationLists({ keyUsage }: ParsedCertificate): boolean {
  return keyUsage?.includes('cRLSign') ?? true
}

/**
 * A certificate revocation list, version 2 (RFC 5280 section 5), of what the authority itself has issued.
 * @throws PkiError CERT_UNSUITABLE when the authority may not sign any
 */
export async function signRevocationList(
  { number, thisUpdate, nextUpdate, pages }: RevocationListRequest,
  { certificate, privateKey }: Authority,
): Promise<SignedRevocationList> {
  if (!maySignRevocationLists(certificate)) {
    throw new PkiError(
      'CERT_UNSUITABLE',
      'The authority may not sign revocation lists: its key usage lacks cRLSign.',
    )
  }
  const issuer = issuerOf(certificate)
  const algorithm = signatureIdentifier(issuer.key)
  const { encoded, count } = await encodeEntries(pages)
  const tbs = encodeElement(
    TAG.sequence,
    VERSION_2,
    toDer(algorithm.toSchema()),
    toDer(issuer.name.toSchema()),
    encodeTime(thisUpdate),
    encodeTime(nextUpdate),
    // RFC 5280 section 5.1.2.6: absent rather than empty.
    ...(count === 0 ? [] : [encodeElement(TAG.sequence, encoded)]),
    encodeExtensions(issuer, number),
  )
  return { der: await encodeSigned(tbs, algorithm, privateKey), entries: count }
}
