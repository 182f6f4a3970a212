import * as asn1js from 'asn1js'
import { AttributeTypeAndValue, RelativeDistinguishedNames } from 'pkijs'
import { ATTRIBUTE_OIDS, SHORT_NAMES } from './attribute-types.ts'
import { PkiError } from './errors.ts'

/** One attribute: `type` is a short name of RFC 4514 section 3 (`CN`, `O`) or, for any other, the dotted OID. */
export interface NameAttribute {
  readonly type: string
  readonly value: string
}

/** A name as attributes in their encoded order; never a string to split, because values hold `,`, `/` and `=`. */
export type DistinguishedName = readonly NameAttribute[]

function decodeAscii(bytes: Uint8Array): string {
  if (bytes.some(byte => byte > 0x7f)) throw new TypeError('an ASCII string holds other characters')
  return Buffer.from(bytes).toString('latin1')
}

function decodeUtf32(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: bytes.length / 4 }, (_, i) => String.fromCodePoint(view.getUint32(i * 4))).join(
    '',
  )
}

function decodeUnicode(encoding: 'utf-8' | 'utf-16be'): (bytes: Uint8Array) => string {
  return bytes => new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes)
}

/** By universal tag number: the five of DirectoryString (RFC 5280 section 4.1.2.4) and what else is met in names. */
const DECODERS: Readonly<Record<number, (bytes: Uint8Array) => string>> = {
  12: decodeUnicode('utf-8'),
  18: decodeAscii,
  19: decodeAscii,
  // T.61 has no agreed mapping; like OpenSSL, read as Latin-1.
  20: bytes => Buffer.from(bytes).toString('latin1'),
  22: decodeAscii,
  26: decodeAscii,
  28: decodeUtf32,
  30: decodeUnicode('utf-16be'),
}
const UNIVERSAL = 1

function decodeValue(value: asn1js.BaseBlock): string {
  const decode = value.idBlock.tagClass === UNIVERSAL ? DECODERS[value.idBlock.tagNumber] : undefined
  // RFC 4514 section 2.4: a value that is no string is shown as # and the hexadecimal of its encoding.
  if (!decode) return `#${Buffer.from(value.valueBeforeDecodeView).toString('hex')}`
  return decode((value.valueBlock as unknown as { valueHexView: Uint8Array }).valueHexView)
}

/** @throws PkiError CERT_MALFORMED when a string is not of the character set that its type promises */
export function decodeName(name: RelativeDistinguishedNames): DistinguishedName {
  try {
    return Object.freeze(
      name.typesAndValues.map(({ type, value }) =>
        Object.freeze({ type: SHORT_NAMES[type] ?? type, value: decodeValue(value) }),
      ),
    )
  } catch (cause) {
    throw new PkiError('CERT_MALFORMED', 'A name in the certificate cannot be decoded.', { cause })
  }
}

/**
 * One attribute to a relative distinguished name, in the given order. Values are UTF8String, which RFC 5280 section
 * 4.1.2.4 asks for; `C` alone must be PrintableString (appendix A).
 */
export function encodeName(name: DistinguishedName): RelativeDistinguishedNames {
  const sets = name.map(({ type, value }) => {
    const encoded = type === 'C' ? new asn1js.PrintableString({ value }) : new asn1js.Utf8String({ value })
    const attribute = new AttributeTypeAndValue({ type: ATTRIBUTE_OIDS[type] ?? type, value: encoded })
    return new asn1js.Set({ value: [attribute.toSchema()] })
  })
  // From the encoding, because pkijs itself would put all attributes into one set.
  return RelativeDistinguishedNames.fromBER(new asn1js.Sequence({ value: sets }).toBER())
}

/** All values of one attribute type, in their encoded order. */
export function attributes(name: DistinguishedName, type: string): readonly string[] {
  return name.filter(attribute => attribute.type === type).map(attribute => attribute.value)
}

/** The value of `type` when it occurs exactly once; with none, or two (whom would it name?), `undefined`. */
export function soleAttribute(name: DistinguishedName, type: string): string | undefined {
  const values = attributes(name, type)
  return values.length === 1 ? values[0] : undefined
}
