import * as asn1js from 'asn1js'
import { Certificate, type PublicKeyInfo, type RelativeDistinguishedNames } from 'pkijs'
import type { CertificateKey } from './certificate-key.ts'
import { keyIdentifier } from './encode-extensions.ts'
import { OID } from './object-identifiers.ts'
import type { ParsedCertificate } from './parse-certificate.ts'

/** What of an authority goes into what it signs. */
export interface Issuer {
  readonly name: RelativeDistinguishedNames
  readonly keyIdentifier: asn1js.OctetString
  readonly key: CertificateKey
  /** The octets of the BIT STRING of its public key. */
  readonly keyBits: Uint8Array
  /** Milliseconds since the epoch. */
  readonly end: number
}

export function identify(info: PublicKeyInfo): asn1js.OctetString {
  return keyIdentifier(keyBitsOf(info))
}

function keyBitsOf({ subjectPublicKey }: PublicKeyInfo): Uint8Array {
  return subjectPublicKey.valueBlock.valueHexView
}

function read({ der, publicKey, notAfter }: ParsedCertificate): Issuer {
  const { subject, subjectPublicKeyInfo, extensions } = Certificate.fromBER(der)
  const own = extensions?.find(({ extnID }) => extnID === OID.subjectKeyIdentifier)?.parsedValue
  return {
    name: subject,
    // The issuer's own, however it was derived, or else ours: chains are built by it.
    keyIdentifier: own instanceof asn1js.OctetString ? own : identify(subjectPublicKeyInfo),
    key: publicKey,
    keyBits: keyBitsOf(subjectPublicKeyInfo),
    end: notAfter.getTime(),
  }
}

// A certificate is frozen, and an authority is asked many times a second.
const known = new WeakMap<ParsedCertificate, Issuer>()

export function issuerOf(certificate: ParsedCertificate): Issuer {
  const issuer = known.get(certificate) ?? read(certificate)
  known.set(certificate, issuer)
  return issuer
}
