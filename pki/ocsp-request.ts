import { hash } from 'node:crypto'
import * as asn1js from 'asn1js'
import { type CertID, type Extension, OCSPRequest } from 'pkijs'
import { assertDer } from './assert-der.ts'
import { toDer } from './encode-der.ts'
import { PkiError } from './errors.ts'
import { type Issuer, issuerOf } from './issuer.ts'
import { OID } from './object-identifiers.ts'
import type { ParsedCertificate } from './parse-certificate.ts'
import { decodeSerialNumber } from './serial-number.ts'

/** A certificate that is asked about, and how: the answer repeats it. */
export interface CertificateQuestion {
  /** As `ParsedCertificate.serialNumber`. */
  readonly serialNumber: string
  /** CertID of RFC 6960 section 4.1.1 in DER. */
  readonly certId: Uint8Array
}

export interface OcspRequest {
  readonly questions: readonly CertificateQuestion[]
  /** The value of its extension (RFC 8954), for the answer to repeat. */
  readonly nonce: Uint8Array | undefined
}

// Our own choices: a question takes about 100 octets, and who asks about more certificates reads the revocation list.
const MAX_OCTETS = 8 * 1024
const MAX_QUESTIONS = 20
// RFC 5280 section 4.1.2.2.
const MAX_SERIAL_OCTETS = 20
// RFC 8954 section 2.1.
const MAX_NONCE_OCTETS = 32

const HASHES: Readonly<Record<string, 'sha1' | 'sha256'>> = { [OID.sha1]: 'sha1', [OID.sha256]: 'sha256' }

function malformed(reason: string, cause?: unknown): PkiError {
  return new PkiError(
    'OCSP_MALFORMED',
    `Not an OCSP request: ${reason}. It must be one of RFC 6960 in DER, of at most ${MAX_OCTETS} octets and ${MAX_QUESTIONS} certificates, such as openssl ocsp makes; in a path, in base64.`,
    { cause },
  )
}

/** RFC 6960 appendix A.1; some leave the padding away. */
function decodeBase64(text: string): Uint8Array {
  const octets = Buffer.from(text, 'base64')
  const isExact = octets.toString('base64').replaceAll('=', '') === text.replace(/={0,2}$/, '')
  if (!isExact) throw malformed('it is not base64')
  return Uint8Array.from(octets)
}

function readDer(input: string | Uint8Array): Uint8Array {
  if (input.length > (typeof input === 'string' ? 2 : 1) * MAX_OCTETS) throw malformed('it is too long')
  const der = typeof input === 'string' ? decodeBase64(input) : Uint8Array.from(input)
  if (der.length > MAX_OCTETS) throw malformed('it is too long')
  return der
}

function isOurs(
  { hashAlgorithm, issuerNameHash, issuerKeyHash }: CertID,
  { name, keyBits }: Issuer,
): boolean {
  const algorithm = HASHES[hashAlgorithm.algorithmId]
  if (!algorithm) return false
  const isHashOf = (value: asn1js.OctetString, octets: Uint8Array) =>
    hash(algorithm, octets, 'buffer').equals(value.valueBlock.valueHexView)
  return isHashOf(issuerNameHash, toDer(name.toSchema())) && isHashOf(issuerKeyHash, keyBits)
}

function readQuestion(certId: CertID, issuer: Issuer): CertificateQuestion {
  const serial = certId.serialNumber.valueBlock.valueHexView
  if (serial.length > MAX_SERIAL_OCTETS) throw malformed('a serial number has more than 20 octets')
  if (isOurs(certId, issuer))
    return { serialNumber: decodeSerialNumber(serial), certId: toDer(certId.toSchema()) }
  throw new PkiError(
    'OCSP_ISSUER_UNKNOWN',
    'The OCSP request is about a certificate of another authority, or names it by a hash that is neither SHA-1 nor SHA-256.',
  )
}

/** RFC 6960 section 4.4: what is critical and not understood is a reason to refuse. */
function assertUnderstood(extensions: readonly Extension[]): void {
  const unknown = extensions.find(({ critical, extnID }) => critical && extnID !== OID.ocspNonce)
  if (unknown) throw malformed(`its critical extension ${unknown.extnID} is not understood`)
}

function readNonce(extensions: readonly Extension[]): Uint8Array | undefined {
  const [first, second] = extensions.filter(({ extnID }) => extnID === OID.ocspNonce)
  if (!first) return undefined
  if (second) throw malformed('it has two nonces')
  const value = first.extnValue.valueBlock.valueHexView
  assertDer(value, 'OCSP_MALFORMED')
  const { result } = asn1js.fromBER(value)
  const length = result instanceof asn1js.OctetString ? result.valueBlock.valueHexView.length : 0
  if (length >= 1 && length <= MAX_NONCE_OCTETS) return Uint8Array.from(value)
  throw malformed(`its nonce is not of 1 to ${MAX_NONCE_OCTETS} octets`)
}

function read(der: Uint8Array, issuer: Issuer): OcspRequest {
  const { tbsRequest } = OCSPRequest.fromBER(der)
  const { version = 0, requestList, requestExtensions = [] } = tbsRequest
  if (version !== 0) throw malformed('its version is not 1')
  if (requestList.length === 0) throw malformed('it asks about no certificate')
  if (requestList.length > MAX_QUESTIONS) throw malformed('it asks about too many certificates')
  assertUnderstood(requestExtensions)
  for (const { singleRequestExtensions = [] } of requestList) assertUnderstood(singleRequestExtensions)
  return {
    questions: requestList.map(({ reqCert }) => readQuestion(reqCert, issuer)),
    nonce: readNonce(requestExtensions),
  }
}

/**
 * Reads an OCSP request (RFC 6960) about certificates of one authority; that it may be signed is of no interest.
 * @param input DER, or in base64 as the last part of a path
 * @throws PkiError OCSP_MALFORMED, OCSP_ISSUER_UNKNOWN
 */
export function parseOcspRequest(input: string | Uint8Array, issuer: ParsedCertificate): OcspRequest {
  const der = readDer(input)
  assertDer(der, 'OCSP_MALFORMED')
  try {
    return read(der, issuerOf(issuer))
  } catch (cause) {
    if (cause instanceof PkiError) throw cause
    throw malformed('a part of it is not of the form of RFC 6960', cause)
  }
}
