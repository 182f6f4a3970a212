import { createPublicKey, hash, type KeyObject } from 'node:crypto'
import * as asn1js from 'asn1js'
import { CertificationRequest, type PublicKeyInfo } from 'pkijs'
import { assertEnrollableKey } from './acceptable-key.ts'
import { assertDer } from './assert-der.ts'
import { type CertificateKey, describeKey } from './certificate-key.ts'
import { attributes, type DistinguishedName, decodeName } from './distinguished-name.ts'
import { PkiError } from './errors.ts'
import { decodeRequestPem } from './pem.ts'
import { refuteProof } from './proof-of-possession.ts'
import { readWishes } from './requested-extensions.ts'
import { canonicalKey, spki256Of } from './spki.ts'

/** A certificate signing request (RFC 2986) whose sender holds the private key; everything else in it is a wish. */
export interface SigningRequest {
  readonly der: Uint8Array
  /** In its usual form, whatever the form in the request. */
  readonly publicKey: KeyObject
  /** SHA-256 of its SubjectPublicKeyInfo, upper-case hex. */
  readonly spki256: string
  readonly key: CertificateKey
  /** As it is written: no rule for names has been applied. */
  readonly subject: DistinguishedName
  /** Of the subject alternative name and the subject, as they are written. */
  readonly emails: readonly string[]
  /** One sentence for each thing that is asked for and never granted, harmless to show. */
  readonly requestedExtensions: readonly string[]
  /** SHA-256 of `der`, upper-case hex. */
  readonly sha256: string
}

// Our own choice: with a key of 8192 bit and a page of names it takes 4000.
const MAX_OCTETS = 16 * 1024
// X.690: what every DER request, a SEQUENCE, begins with; PEM never does.
const SEQUENCE = 0x30
const VERSION_1 = new asn1js.Integer({ value: 0 })

function malformed(reason: string, cause?: unknown): PkiError {
  return new PkiError(
    'CSR_MALFORMED',
    `Not a certificate signing request: ${reason}. It must be one request in PEM or DER, of at most ${MAX_OCTETS} octets, such as openssl req -new makes.`,
    { cause },
  )
}

function readDer(input: string | Uint8Array): Uint8Array {
  const octets = typeof input === 'string' ? Buffer.from(input) : Uint8Array.from(input)
  if (octets.length > MAX_OCTETS) throw malformed(`it has ${octets.length} octets`)
  if (typeof input !== 'string' && octets[0] === SEQUENCE) return octets
  const { der, reason } = decodeRequestPem(Buffer.from(octets).toString('latin1'))
  if (der) return der
  throw malformed(reason)
}

function readKey(info: PublicKeyInfo): KeyObject {
  const der = Buffer.from(info.toSchema().toBER())
  try {
    return canonicalKey(createPublicKey({ key: der, format: 'der', type: 'spki' }))
  } catch (cause) {
    throw malformed('its public key cannot be read', cause)
  }
}

function childrenOf(block: asn1js.BaseBlock | undefined): readonly asn1js.BaseBlock[] {
  return block instanceof asn1js.Sequence ? block.valueBlock.value : []
}

/** pkijs reads a version of any size, and passes over what follows the parts that it knows. */
function assertShape(der: Uint8Array): void {
  const [info, ...proof] = childrenOf(asn1js.fromBER(der).result)
  const [version, , , attributeSet, ...others] = childrenOf(info)
  if (proof.length !== 2 || others.length > 0) throw malformed('it has more parts than three')
  if (version?.isEqual(VERSION_1) !== true) throw malformed('its version is not 1')
  if (attributeSet && attributeSet.idBlock.tagNumber !== 0)
    throw malformed('its attributes are something else')
}

function assertProof(request: CertificationRequest, publicKey: KeyObject): void {
  const { valueHexView: signature, unusedBits } = request.signatureValue.valueBlock
  if (unusedBits !== 0) throw malformed('its signature is not of whole octets')
  const { tbsView: signed, signatureAlgorithm: algorithm } = request
  const reason = refuteProof({ signed, algorithm, signature, publicKey })
  if (reason === undefined) return
  throw new PkiError(
    'CSR_PROOF_INVALID',
    `The signing request does not prove that its sender has the private key: ${reason}. Make it again with that key: openssl req -new -key FILE`,
  )
}

function read(der: Uint8Array): SigningRequest {
  const request = CertificationRequest.fromBER(der)
  assertShape(der)
  const publicKey = readKey(request.subjectPublicKeyInfo)
  assertEnrollableKey(publicKey)
  assertProof(request, publicKey)
  const subject = decodeName(request.subject)
  const { emails, refused } = readWishes(request.attributes ?? [])
  return Object.freeze({
    der,
    publicKey,
    spki256: spki256Of(publicKey),
    key: Object.freeze(describeKey(publicKey, request.subjectPublicKeyInfo.algorithm.algorithmId)),
    subject,
    emails: Object.freeze([...new Set([...emails, ...attributes(subject, 'emailAddress')])]),
    requestedExtensions: Object.freeze(refused),
    sha256: hash('sha256', der, 'hex').toUpperCase(),
  })
}

const KEPT: ReadonlySet<string> = new Set(['CSR_MALFORMED', 'CSR_PROOF_INVALID', 'KEY_WEAK'])

/**
 * Reads exactly one certificate signing request, PEM (RFC 7468) or DER, and has it prove possession of its key.
 * @throws PkiError CSR_MALFORMED, CSR_PROOF_INVALID, KEY_WEAK
 */
export function parseSigningRequest(input: string | Uint8Array): SigningRequest {
  const der = readDer(input)
  assertDer(der, 'CSR_MALFORMED')
  try {
    return read(der)
  } catch (cause) {
    if (cause instanceof PkiError && KEPT.has(cause.code)) throw cause
    throw malformed('a part of it is not of the form of RFC 2986', cause)
  }
}
