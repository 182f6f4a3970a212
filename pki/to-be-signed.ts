import { type KeyObject, randomBytes } from 'node:crypto'
import * as asn1js from 'asn1js'
import { Certificate, PublicKeyInfo, Time, TimeType } from 'pkijs'
import { describeKey } from './certificate-key.ts'
import { type DistinguishedName, encodeName } from './distinguished-name.ts'
import { type AlternativeNames, encodeExtensions, type StatusUrls } from './encode-extensions.ts'
import type { Host } from './host-name.ts'
import { type Issuer, identify, issuerOf } from './issuer.ts'
import type { ParsedCertificate } from './parse-certificate.ts'
import type { Profile } from './profiles.ts'
import { signatureIdentifier } from './signature-algorithm.ts'

export interface CertificateRequest {
  readonly profile: Profile
  readonly subject: DistinguishedName
  readonly now: Date
  /** The profile's usual ones, if left out. Never longer than the issuer. */
  readonly days?: number
  readonly alternativeNames?: AlternativeNames
  /** Name constraints of a CA. */
  readonly permittedHosts?: readonly Host[]
  /** Where others ask whether it is revoked. */
  readonly statusUrls?: StatusUrls
}

/** A certificate but for its signature: on record before the authority's key is used. */
export interface ToBeSigned {
  /** TBSCertificate of RFC 5280 section 4.1 in DER. */
  readonly bytes: Uint8Array
  /** Upper-case hex, as `ParsedCertificate` has it. */
  readonly serialNumber: string
  readonly notBefore: Date
  readonly notAfter: Date
}

// Clocks of clients differ by minutes.
const BACK_DATED_MS = 5 * 60_000
const DAY_MS = 86_400_000

/** RFC 5280 section 4.1.2.5: both ends are part of the validity, hence the second less. */
function validity({ now, days, profile }: CertificateRequest, { end: issuerEnd }: Pick<Issuer, 'end'>) {
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
function randomSerial(): Buffer {
  const octets = randomBytes(16)
  const [first = 0] = octets
  return first > 0 && first < 0x80 ? octets : randomSerial()
}

function publicKeyInfo(key: KeyObject): PublicKeyInfo {
  return PublicKeyInfo.fromBER(Uint8Array.from(key.export({ format: 'der', type: 'spki' })))
}

type Signer = Omit<Issuer, 'keyBits'>

function encode(request: CertificateRequest, info: PublicKeyInfo, issuer: Signer): ToBeSigned {
  const { profile, alternativeNames = {}, permittedHosts, statusUrls } = request
  const { notBefore, notAfter } = validity(request, issuer)
  const serial = randomSerial()
  const certificate = new Certificate({
    version: 2,
    serialNumber: new asn1js.Integer({ valueHex: Uint8Array.from(serial).buffer }),
    signature: signatureIdentifier(issuer.key),
    issuer: issuer.name,
    notBefore: time(notBefore),
    notAfter: time(notAfter),
    subject: encodeName(request.subject),
    subjectPublicKeyInfo: info,
    extensions: encodeExtensions({
      profile,
      alternativeNames,
      subjectKeyIdentifier: identify(info),
      authorityKeyIdentifier: issuer.keyIdentifier,
      ...(permittedHosts ? { permittedHosts } : {}),
      ...(statusUrls ? { statusUrls } : {}),
    }),
  })
  const bytes = new Uint8Array(certificate.encodeTBS().toBER())
  return { bytes, serialNumber: serial.toString('hex').toUpperCase(), notBefore, notAfter }
}

/**
 * What `issuer` will sign for `publicKey`; needs no private key. The caller has validated the names and the key:
 * nothing of a signing request is copied here.
 * @throws PkiError KEY_TYPE_UNSUPPORTED for an issuer that cannot sign
 */
export function toBeSigned(
  request: CertificateRequest,
  publicKey: KeyObject,
  issuer: ParsedCertificate,
): ToBeSigned {
  return encode(request, publicKeyInfo(publicKey), issuerOf(issuer))
}

/**
 * The root of an authority (RFC 5280 section 3.2), which its own key will sign.
 * @throws PkiError KEY_TYPE_UNSUPPORTED for a key that cannot sign
 */
export function toBeSignedRoot(request: CertificateRequest, publicKey: KeyObject): ToBeSigned {
  const info = publicKeyInfo(publicKey)
  return encode(request, info, {
    name: encodeName(request.subject),
    keyIdentifier: identify(info),
    key: describeKey(publicKey, info.algorithm.algorithmId),
    end: Number.POSITIVE_INFINITY,
  })
}
