import * as asn1js from 'asn1js'
import { BasicConstraints, type Extension, ExtKeyUsage, GeneralNames } from 'pkijs'
import { assertDer } from './assert-der.ts'
import { OID } from './object-identifiers.ts'

/** In the order of their bits, RFC 5280 section 4.2.1.3. */
const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const
export type KeyUsage = (typeof KEY_USAGES)[number]

/** What the extensions of a certificate say, RFC 5280 section 4.2. */
export interface ReadExtensions {
  /** `basicConstraints` with `cA`. */
  readonly isCa: boolean
  /** `undefined` when the extension is absent. */
  readonly keyUsage: readonly KeyUsage[] | undefined
  /** Object identifiers, or `undefined` when the extension is absent. */
  readonly extendedKeyUsage: readonly string[] | undefined
  /** `rfc822Name` entries of the subject alternative name. */
  readonly emails: readonly string[]
  /** Critical extensions that nothing here understands: RFC 5280 section 4.2 says to reject the certificate. */
  readonly unknownCriticalExtensions: readonly string[]
}

const UNDERSTOOD: ReadonlySet<string> = new Set([
  OID.authorityKeyIdentifier,
  OID.basicConstraints,
  OID.extendedKeyUsage,
  OID.keyUsage,
  OID.subjectAltName,
  OID.subjectKeyIdentifier,
])
const RFC822_NAME = 1

/** The bits of `KeyUsage`, a BIT STRING whose first bit is the highest of its first octet. */
export function encodeKeyUsage(usages: readonly KeyUsage[]): asn1js.BitString {
  const bits = usages.map(usage => KEY_USAGES.indexOf(usage))
  const last = Math.max(...bits)
  const octets = new Uint8Array((last >> 3) + 1)
  for (const bit of bits) octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7))
  // X.690 section 11.2.2: no trailing zero bits.
  return new asn1js.BitString({ valueHex: octets.buffer, unusedBits: 7 - (last & 7) })
}

/** @throws TypeError when it is no BIT STRING */
export function decodeKeyUsage(bits: asn1js.BaseBlock): readonly KeyUsage[] {
  if (!(bits instanceof asn1js.BitString)) throw new TypeError('keyUsage is not a BIT STRING')
  const octets = bits.valueBlock.valueHexView
  return KEY_USAGES.filter((_, bit) => (octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7)))
}

/** @throws PkiError CERT_MALFORMED, or another error when an extension is not of the form that its OID promises */
export function readExtensions(extensions: readonly Extension[]): ReadExtensions {
  const contents = new Map(extensions.map(({ extnID, extnValue }) => [extnID, extnValue]))
  // RFC 5280 section 4.2: with two, one reader would believe the first and another the last.
  if (contents.size !== extensions.length) throw new TypeError('an extension occurs twice')

  function read<T>(oid: string, decode: (schema: asn1js.BaseBlock) => T): T | undefined {
    const octets = contents.get(oid)?.valueBlock.valueHexView
    if (!octets) return undefined
    assertDer(octets)
    return decode(asn1js.fromBER(octets).result)
  }

  const names = read(OID.subjectAltName, schema => new GeneralNames({ schema }).names) ?? []
  return {
    isCa: read(OID.basicConstraints, schema => new BasicConstraints({ schema }).cA) === true,
    keyUsage: Object.freeze(read(OID.keyUsage, decodeKeyUsage)),
    extendedKeyUsage: Object.freeze(
      read(OID.extendedKeyUsage, schema => new ExtKeyUsage({ schema }).keyPurposes),
    ),
    emails: Object.freeze(names.filter(name => name.type === RFC822_NAME).map(name => String(name.value))),
    unknownCriticalExtensions: Object.freeze(
      extensions.filter(({ critical, extnID }) => critical && !UNDERSTOOD.has(extnID)).map(e => e.extnID),
    ),
  }
}
