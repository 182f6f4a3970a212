import { createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto'
import { promisify } from 'node:util'
import * as asn1js from 'asn1js'
import {
  AlgorithmIdentifier,
  Certificate,
  type Extension,
  PublicKeyInfo,
  type RelativeDistinguishedNames,
  Time,
  TimeType,
} from 'pkijs'
import { type DistinguishedName, encodeName } from './distinguished-name.ts'
import { type AlternativeNames, encodeExtensions, keyIdentifier } from './encode-extensions.ts'
import type { Host } from './host-name.ts'
import { OID } from './object-identifiers.ts'
import { type ParsedCertificate, parseCertificate } from './parse-certificate.ts'
import type { Profile } from './profiles.ts'

/** A certificate authority that can sign. */
export interface Authority {
  readonly certificate: ParsedCertificate
  readonly privateKey: KeyObject
}

export interface CertificateRequest {
  readonly profile: Profile
  readonly subject: DistinguishedName
  readonly now: Date
  /** The profile's usual ones, if left out. Never longer than the issuer. */
  readonly days?: number
  readonly alternativeNames?: AlternativeNames
  /** Name constraints of a CA. */
  readonly permittedHosts?: readonly Host[]
}

// Clocks of clients differ by minutes.
const BACK_DATED_MS = 5 * 60_000
const DAY_MS = 86_400_000
const signAsync = promisify(sign)

interface Validity {
  readonly notBefore: Date
  readonly notAfter: Date
}

/** What of the issuer goes into the certificate. */
interface Issuer {
  readonly name: RelativeDistinguishedNames
  readonly keyIdentifier: asn1js.OctetString
  readonly privateKey: KeyObject
}

/** RFC 5280 section 4.1.2.5: both ends are part of the validity, hence the second less. */
function validity(
  { now, days, profile }: CertificateRequest,
  issuerEnd = Number.POSITIVE_INFINITY,
): Validity {
  const start = Math.floor(now.getTime() / 1000) * 1000 - BACK_DATED_MS
  const end = start + (days ?? profile.days.usual) * DAY_MS - 1000
  return { notBefore: new Date(start), notAfter: new Date(Math.min(end, issuerEnd)) }
}

/** RFC 5280 section 4.1.2.5: UTCTime until 2049. */
function time(value: Date): Time {
  const type = value.getUTCFullYear() < 2050 ? TimeType.UTCTime : TimeType.GeneralizedTime
  return new Time({ type, value })
}

/**
 * A random number of 128 bit, drawn again until its 16 octets are neither negative nor padded (RFC 5280 section
 * 4.1.2.2): every printed form of it then has 32 digits.
 */
function randomSerial(): asn1js.Integer {
  const octets = Uint8Array.from(randomBytes(16))
  const [first = 0] = octets
  return first > 0 && first < 0x80 ? new asn1js.Integer({ valueHex: octets.buffer }) : randomSerial()
}

/** RFC 4055 section 5: RSA carries a NULL parameter. RFC 5758 section 3.2: ECDSA carries none. */
function signatureAlgorithm({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) {
  if (asymmetricKeyType === 'rsa') {
    const identifier = { algorithmId: OID.sha256WithRsa, algorithmParams: new asn1js.Null() }
    return { hash: 'sha256', identifier: new AlgorithmIdentifier(identifier) }
  }
  return asymmetricKeyDetails?.namedCurve === 'secp384r1'
    ? { hash: 'sha384', identifier: new AlgorithmIdentifier({ algorithmId: OID.ecdsaWithSha384 }) }
    : { hash: 'sha256', identifier: new AlgorithmIdentifier({ algorithmId: OID.ecdsaWithSha256 }) }
}

function publicKeyInfo(key: KeyObject): PublicKeyInfo {
  return PublicKeyInfo.fromBER(Uint8Array.from(key.export({ format: 'der', type: 'spki' })))
}

function identify(info: PublicKeyInfo): asn1js.OctetString {
  return keyIdentifier(info.subjectPublicKey.valueBlock.valueHexView)
}

/** Not by `Certificate.sign`, which leaves out the NULL that RSA needs. */
async function complete(certificate: Certificate, key: KeyObject): Promise<ParsedCertificate> {
  const { hash, identifier } = signatureAlgorithm(key)
  certificate.signature = identifier
  certificate.signatureAlgorithm = identifier
  const toBeSigned = new Uint8Array(certificate.encodeTBS().toBER())
  const signature = await signAsync(hash, toBeSigned, { key, dsaEncoding: 'der' })
  certificate.signatureValue = new asn1js.BitString({ valueHex: Uint8Array.from(signature).buffer })
  return parseCertificate(new Uint8Array(certificate.toSchema(true).toBER()))
}

interface Subject {
  readonly info: PublicKeyInfo
  readonly validity: Validity
}

async function build(
  request: CertificateRequest,
  subject: Subject,
  issuer: Issuer,
): Promise<ParsedCertificate> {
  const { profile, alternativeNames = {}, permittedHosts } = request
  const extensions: Extension[] = encodeExtensions({
    profile,
    alternativeNames,
    subjectKeyIdentifier: identify(subject.info),
    authorityKeyIdentifier: issuer.keyIdentifier,
    ...(permittedHosts ? { permittedHosts } : {}),
  })
  const certificate = new Certificate({
    version: 2,
    serialNumber: randomSerial(),
    issuer: issuer.name,
    notBefore: time(subject.validity.notBefore),
    notAfter: time(subject.validity.notAfter),
    subject: encodeName(request.subject),
    subjectPublicKeyInfo: subject.info,
    extensions,
  })
  return await complete(certificate, issuer.privateKey)
}

/** A certificate that its own key signs: the root of an authority (RFC 5280 section 3.2). */
export async function issueRoot(
  request: CertificateRequest,
  privateKey: KeyObject,
): Promise<ParsedCertificate> {
  const info = publicKeyInfo(createPublicKey(privateKey))
  const issuer = { name: encodeName(request.subject), keyIdentifier: identify(info), privateKey }
  return await build(request, { info, validity: validity(request) }, issuer)
}

/** The issuer's own identifier, however it was derived, or else ours: chains are built by it. */
function issuerOf({ certificate, privateKey }: Authority): Issuer {
  const { subject, subjectPublicKeyInfo, extensions } = Certificate.fromBER(certificate.der)
  const own = extensions?.find(({ extnID }) => extnID === OID.subjectKeyIdentifier)?.parsedValue
  return {
    name: subject,
    keyIdentifier: own instanceof asn1js.OctetString ? own : identify(subjectPublicKeyInfo),
    privateKey,
  }
}

/**
 * A certificate for `publicKey`. The caller has validated the names and the key: nothing of a signing request is
 * copied here.
 */
export async function issueCertificate(
  request: CertificateRequest,
  publicKey: KeyObject,
  authority: Authority,
): Promise<ParsedCertificate> {
  const span = validity(request, authority.certificate.notAfter.getTime())
  return await build(request, { info: publicKeyInfo(publicKey), validity: span }, issuerOf(authority))
}
