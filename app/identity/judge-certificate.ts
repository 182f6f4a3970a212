import { attributes, soleAttribute } from '../../pki/distinguished-name.ts'
import { PkiError } from '../../pki/errors.ts'
import type { ParsedCertificate } from '../../pki/parse-certificate.ts'
import { verifyIssued, verifySelfSigned, verifySignedBy } from '../../pki/verify-certificate.ts'
import type { Identity } from './identity.ts'
import { levelOfIssued } from './levels.ts'
import { isSameName } from './same-name.ts'

/** What a certificate proves for as long as it and its issuer (`null`: itself) are valid. */
export interface Judgement {
  readonly certificate: ParsedCertificate
  readonly issuer: ParsedCertificate | null
  readonly claims: Omit<Identity, 'via'>
}

/**
 * Our own verification, whatever a proxy or TLS library has found: issuer, signature, validity, key usage.
 * A certificate that names one of our authorities as its issuer must be issued by it; only one that names itself,
 * and is signed by its own key, is `untrusted`.
 * @throws PkiError CERT_ISSUER_UNKNOWN, CERT_SIGNATURE_INVALID, CERT_UNSUITABLE, CERT_NOT_YET_VALID, CERT_EXPIRED
 */
export function judgeCertificate(
  certificate: ParsedCertificate,
  authorities: readonly ParsedCertificate[],
  at: Date,
): Judgement {
  const issuer = findIssuer(certificate, authorities)
  if (issuer) {
    verifyIssued(certificate, issuer, at)
    return { certificate, issuer, claims: issuedClaims(certificate) }
  }
  if (!isSameName(certificate.subject, certificate.issuer)) {
    throw new PkiError(
      'CERT_ISSUER_UNKNOWN',
      'The certificate was issued by an authority that is not trusted here.',
    )
  }
  verifySelfSigned(certificate, at)
  return { certificate, issuer: null, claims: selfSignedClaims(certificate) }
}

/** By name; of two authorities with one name, the one whose signature is right, so that a CA can be replaced. */
function findIssuer(
  certificate: ParsedCertificate,
  authorities: readonly ParsedCertificate[],
): ParsedCertificate | undefined {
  const named = authorities.filter(authority => isSameName(authority.subject, certificate.issuer))
  return named.find(authority => named.length === 1 || isSignedBy(certificate, authority)) ?? named[0]
}

function isSignedBy(certificate: ParsedCertificate, authority: ParsedCertificate): boolean {
  try {
    verifySignedBy(certificate, authority)
    return true
  } catch {
    return false
  }
}

function technical({ serialNumber, fingerprint256, notAfter }: ParsedCertificate) {
  return { serial: serialNumber, fingerprint256, notAfter: notAfter.toISOString() }
}

// `(null)` is what Apache writes where there is no value: it must never become a person.
const NOBODY = new Set(['', '(null)'])

function issuedClaims(certificate: ParsedCertificate): Judgement['claims'] {
  if (attributes(certificate.subject, 'CN').every(name => NOBODY.has(name.trim()))) {
    throw new PkiError('CERT_UNSUITABLE', 'The certificate cannot be used to log in: it names nobody.')
  }
  const organisation = soleAttribute(certificate.subject, 'O') ?? null
  return {
    level: levelOfIssued(organisation),
    name: soleAttribute(certificate.subject, 'CN') ?? null,
    organisation,
    email: certificate.emails.length === 1 ? (certificate.emails[0] ?? null) : null,
    ...technical(certificate),
    verify: 'SUCCESS',
  }
}

function selfSignedClaims(certificate: ParsedCertificate): Judgement['claims'] {
  return {
    level: 'untrusted',
    name: null,
    organisation: null,
    email: null,
    ...technical(certificate),
    verify: 'FAILED:self-signed certificate',
  }
}
