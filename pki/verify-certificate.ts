import { X509Certificate } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { isAcceptableKey } from './acceptable-key.ts'
import { PkiError } from './errors.ts'
import { OID } from './object-identifiers.ts'
import type { ParsedCertificate } from './parse-certificate.ts'
import { relativeTime } from './relative-time.ts'

const SIGNATURE_ALGORITHMS: ReadonlySet<string> = new Set([
  OID.sha256WithRsa,
  OID.sha384WithRsa,
  OID.sha512WithRsa,
  OID.ecdsaWithSha256,
  OID.ecdsaWithSha384,
  OID.ecdsaWithSha512,
])
// Our own choice: keys of 8192 bit and a page of names take less, and more would not fit into a header behind a proxy.
const MAX_OCTETS = 8192

type Tier = 'issued' | 'self-signed'

interface Rule {
  readonly name: string
  readonly tiers: readonly Tier[]
  readonly holds: (certificate: ParsedCertificate) => boolean
  /** Completes "The certificate cannot be used to log in: ". */
  readonly reason: string
}

const EVERY_TIER: readonly Tier[] = ['issued', 'self-signed']
const ISSUED: readonly Tier[] = ['issued']
const SELF_SIGNED: readonly Tier[] = ['self-signed']

/**
 * What a certificate must be before its owner is anybody. Proxies and Node accept a CA, a version 1 certificate and one
 * without extended key usage as a client, so it is decided here. A self-signed certificate, as `openssl req -x509`
 * makes it, is a CA and has no key usages; where it names some, they must allow logging in.
 */
const RULES: readonly Rule[] = [
  {
    name: 'size',
    tiers: EVERY_TIER,
    holds: ({ der }) => der.length <= MAX_OCTETS,
    reason: 'it is larger than 8192 octets',
  },
  {
    name: 'version',
    tiers: ISSUED,
    holds: certificate => certificate.version === 3,
    reason: 'it is not X.509 version 3',
  },
  {
    // RFC 5280 section 4.1.2.2
    name: 'serial-number',
    tiers: EVERY_TIER,
    holds: ({ serialNumber, serialOctets }) => serialOctets <= 20 && /^(?!0+$)[0-9A-F]+$/.test(serialNumber),
    reason: 'its serial number is not a positive integer of at most 20 octets',
  },
  {
    name: 'critical-extensions',
    tiers: EVERY_TIER,
    holds: certificate => certificate.unknownCriticalExtensions.length === 0,
    reason: 'it has a critical extension that is not understood here',
  },
  {
    name: 'not-a-ca',
    tiers: ISSUED,
    holds: ({ isCa, keyUsage }) => !isCa && !keyUsage?.includes('keyCertSign'),
    reason: 'it belongs to a certificate authority',
  },
  {
    name: 'key-usage',
    tiers: ISSUED,
    holds: ({ keyUsage }) => keyUsage?.includes('digitalSignature') === true,
    reason: 'its key usage does not name digitalSignature',
  },
  {
    name: 'key-usage-if-any',
    tiers: SELF_SIGNED,
    holds: ({ keyUsage }) => keyUsage?.includes('digitalSignature') !== false,
    reason: 'its key usage does not name digitalSignature',
  },
  {
    name: 'extended-key-usage',
    tiers: ISSUED,
    holds: ({ extendedKeyUsage }) => extendedKeyUsage?.includes(OID.clientAuth) === true,
    reason: 'its extended key usage does not name clientAuth',
  },
  {
    name: 'extended-key-usage-if-any',
    tiers: SELF_SIGNED,
    holds: ({ extendedKeyUsage }) => extendedKeyUsage?.includes(OID.clientAuth) !== false,
    reason: 'its extended key usage does not name clientAuth',
  },
  {
    name: 'not-any-usage',
    tiers: EVERY_TIER,
    holds: ({ extendedKeyUsage }) => !extendedKeyUsage?.includes(OID.anyExtendedKeyUsage),
    reason: 'its extended key usage allows any purpose',
  },
  {
    name: 'public-key',
    tiers: EVERY_TIER,
    holds: certificate => isAcceptableKey(certificate.publicKey),
    reason:
      'its key is neither RSA of 2048 to 8192 bit with an exponent of 65537 or more, nor EC on P-256, P-384 or P-521',
  },
  {
    name: 'signature-algorithm',
    tiers: EVERY_TIER,
    holds: certificate => SIGNATURE_ALGORITHMS.has(certificate.signatureAlgorithm),
    reason: 'it is not signed by RSA or ECDSA with SHA-256, SHA-384 or SHA-512',
  },
]

function assertSuitable(certificate: ParsedCertificate, tier: Tier): void {
  const broken = RULES.find(rule => rule.tiers.includes(tier) && !rule.holds(certificate))
  if (broken)
    throw new PkiError('CERT_UNSUITABLE', `The certificate cannot be used to log in: ${broken.reason}.`)
}

/**
 * RFC 5280 section 4.1.2.5, both ends included; for each request, when the rest is known from a cache.
 * @param what how messages call it
 * @throws PkiError CERT_NOT_YET_VALID, CERT_EXPIRED
 */
export function verifyValidity(
  { notBefore, notAfter }: ParsedCertificate,
  at: Date,
  what = 'The certificate',
): void {
  const when = (time: Date): string => `${time.toISOString()}, ${relativeTime(time, at)}`
  if (at < notBefore) throw new PkiError('CERT_NOT_YET_VALID', `${what} becomes valid at ${when(notBefore)}.`)
  if (at > notAfter) throw new PkiError('CERT_EXPIRED', `${what} expired at ${when(notAfter)}.`)
}

/** A certificate of an issuer that is not valid itself is none, however long it was made for. */
export function verifyIssuerValidity(issuer: ParsedCertificate, at: Date): void {
  verifyValidity(issuer, at, 'The authority that issued the certificate')
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey)
  } catch {
    return false
  }
}

/** @throws PkiError CERT_ISSUER_UNKNOWN, CERT_SIGNATURE_INVALID */
export function verifySignedBy(certificate: ParsedCertificate, issuer: ParsedCertificate): void {
  const [child, parent] = [new X509Certificate(certificate.der), new X509Certificate(issuer.der)]
  if (!issuer.isCa || !child.checkIssued(parent)) {
    throw new PkiError('CERT_ISSUER_UNKNOWN', 'The certificate was not issued by this authority.')
  }
  if (!isSignedBy(child, parent)) {
    throw new PkiError(
      'CERT_SIGNATURE_INVALID',
      'The certificate names this authority as its issuer, but the authority did not sign it.',
    )
  }
}

/**
 * A client certificate that `issuer`, the only trust anchor, issued directly, suitable for logging in at time `at`.
 * Revocation is not looked at: that is a question of now, this is an answer to keep.
 * @throws PkiError CERT_ISSUER_UNKNOWN, CERT_SIGNATURE_INVALID, CERT_UNSUITABLE, CERT_NOT_YET_VALID, CERT_EXPIRED
 */
export function verifyIssued(certificate: ParsedCertificate, issuer: ParsedCertificate, at: Date): void {
  verifySignedBy(certificate, issuer)
  assertSuitable(certificate, 'issued')
  verifyIssuerValidity(issuer, at)
  verifyValidity(certificate, at)
}

/**
 * A certificate that vouches for itself: it proves a key, never a name.
 * @throws PkiError CERT_SIGNATURE_INVALID, CERT_UNSUITABLE, CERT_NOT_YET_VALID, CERT_EXPIRED
 */
export function verifySelfSigned(certificate: ParsedCertificate, at: Date): void {
  assertSuitable(certificate, 'self-signed')
  const x509 = new X509Certificate(certificate.der)
  if (!isDeepStrictEqual(certificate.subject, certificate.issuer) || !isSignedBy(x509, x509)) {
    throw new PkiError('CERT_SIGNATURE_INVALID', 'The certificate is not signed by its own key.')
  }
  verifyValidity(certificate, at)
}
