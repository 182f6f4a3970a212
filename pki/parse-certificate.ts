import { type KeyObject, X509Certificate } from 'node:crypto'
import { Certificate } from 'pkijs'
import { assertDer } from './assert-der.ts'
import { type CertificateKey, describeKey } from './certificate-key.ts'
import { type DistinguishedName, decodeName } from './distinguished-name.ts'
import { PkiError } from './errors.ts'
import { type ReadExtensions, readExtensions } from './read-extensions.ts'
import { decodeSerialNumber } from './serial-number.ts'

/** What identity code needs of an X.509 certificate (RFC 5280 section 4); deeply frozen. */
export interface ParsedCertificate extends ReadExtensions {
  readonly der: Uint8Array
  readonly version: 1 | 2 | 3
  /** Upper-case hex, two digits to the octet, without the sign octet; a negative one begins with `-`. */
  readonly serialNumber: string
  /** Encoded length, sign octet included. */
  readonly serialOctets: number
  readonly subject: DistinguishedName
  readonly issuer: DistinguishedName
  readonly notBefore: Date
  readonly notAfter: Date
  /** Object identifier. */
  readonly signatureAlgorithm: string
  readonly publicKey: CertificateKey
  /** SHA-256 of `der`, upper-case hex without colons. */
  readonly fingerprint256: string
}

/** A key that OpenSSL cannot read is of no type that is accepted. */
function readKey(x509: X509Certificate, oid: string): CertificateKey {
  let key: KeyObject
  try {
    key = x509.publicKey
  } catch {
    return { type: 'other', oid }
  }
  return describeKey(key, oid)
}

function assertDates(...dates: Date[]): void {
  if (dates.some(date => Number.isNaN(date.getTime()))) throw new TypeError('a date is malformed')
}

function read(der: Uint8Array): ParsedCertificate {
  const certificate = Certificate.fromBER(der)
  const x509 = new X509Certificate(der)
  assertDates(x509.validFromDate, x509.validToDate)
  const serial = certificate.serialNumber.valueBlock.valueHexView
  return Object.freeze({
    der,
    version: (certificate.version + 1) as 1 | 2 | 3,
    serialNumber: decodeSerialNumber(serial),
    serialOctets: serial.length,
    subject: decodeName(certificate.subject),
    issuer: decodeName(certificate.issuer),
    notBefore: x509.validFromDate,
    notAfter: x509.validToDate,
    signatureAlgorithm: certificate.signatureAlgorithm.algorithmId,
    publicKey: Object.freeze(readKey(x509, certificate.subjectPublicKeyInfo.algorithm.algorithmId)),
    ...readExtensions(certificate.extensions ?? []),
    fingerprint256: x509.fingerprint256.replaceAll(':', ''),
  })
}

/**
 * Reads exactly one DER certificate; says nothing about trust.
 * @throws PkiError CERT_MALFORMED for anything else: PEM, BER, trailing bytes, extensions that occur twice
 */
export function parseCertificate(der: Uint8Array): ParsedCertificate {
  // A copy: the caller's buffer may be reused, and the certificate is kept in caches.
  const copy = Uint8Array.from(der)
  assertDer(copy)
  try {
    return read(copy)
  } catch (cause) {
    if (cause instanceof PkiError) throw cause
    throw new PkiError('CERT_MALFORMED', 'The bytes are DER, but not an X.509 certificate.', { cause })
  }
}
