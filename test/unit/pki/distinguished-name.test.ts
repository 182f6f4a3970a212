// A name survives encoding as it is, and each string type of ASN.1 is read as what it means.
import * as asn1js from 'asn1js'
import fc from 'fast-check'
import { RelativeDistinguishedNames } from 'pkijs'
import { describe, expect, it } from 'vitest'
import { decodeName, encodeName } from '../../../pki/distinguished-name.ts'

/** A name of one common name, whose value is `octets` of the universal type `tagNumber`. */
function nameOf(tagNumber: number, octets: Uint8Array): RelativeDistinguishedNames {
  const value = new asn1js.Primitive({
    idBlock: { tagClass: 1, tagNumber },
    valueHex: Uint8Array.from(octets).buffer,
  })
  const attribute = new asn1js.Sequence({ value: [new asn1js.ObjectIdentifier({ value: '2.5.4.3' }), value] })
  const name = new asn1js.Sequence({ value: [new asn1js.Set({ value: [attribute] })] })
  return RelativeDistinguishedNames.fromBER(name.toBER())
}

function roundTrip(name: Parameters<typeof encodeName>[0]) {
  return decodeName(RelativeDistinguishedNames.fromBER(encodeName(name).toSchema().toBER()))
}

const utf16 = (text: string): Uint8Array => Buffer.from(text, 'utf16le').swap16()

describe('decodeName', () => {
  it.each([
    ['UTF8String', 12, Buffer.from('Zoë 李 😀'), 'Zoë 李 😀'],
    ['a byte order mark as a character', 12, Buffer.from('\ufeffZ'), '\ufeffZ'],
    ['PrintableString', 19, Buffer.from('Grace'), 'Grace'],
    ['T61String', 20, Buffer.from([0x5a, 0x6f, 0xeb]), 'Zoë'],
    ['IA5String', 22, Buffer.from('grace@example.org'), 'grace@example.org'],
    ['UniversalString', 28, Buffer.from([0, 0, 0, 0x5a, 0, 1, 0xf6, 0]), 'Z😀'],
    ['BMPString', 30, utf16('Zoë 李'), 'Zoë 李'],
    ['a NUL inside', 12, Buffer.from('Grace\0Hopper'), 'Grace\0Hopper'],
  ])('reads %s', (_, tag, octets, value) => {
    expect(decodeName(nameOf(tag, octets))).toEqual([{ type: 'CN', value }])
  })

  it.each([
    ['UTF8String that is not UTF-8', 12, Buffer.from([0xff])],
    ['UTF8String in an overlong form', 12, Buffer.from([0xc0, 0xaf])],
    ['PrintableString with an octet above 7F', 19, Buffer.from([0xe9])],
    ['BMPString with half a character', 30, Buffer.from([0xd8, 0x3d])],
    ['UniversalString beyond Unicode', 28, Buffer.from([0x7f, 0, 0, 0])],
  ])('refuses %s', (_, tag, octets) => {
    expect(() => decodeName(nameOf(tag, octets))).toThrow(expect.objectContaining({ code: 'CERT_MALFORMED' }))
  })

  it('shows a value that is no string as hexadecimal', () => {
    expect(decodeName(nameOf(4, Buffer.from([1, 2])))).toEqual([{ type: 'CN', value: '#04020102' }])
  })
})

describe('encodeName', () => {
  it('keeps types, values and order, each attribute in a set of its own', () => {
    const type = fc.constantFrom('CN', 'O', 'OU', 'L', 'ST', 'UID', '1.2.3.4')
    const value = fc.string({ unit: 'grapheme', minLength: 1 })
    fc.assert(
      fc.property(fc.array(fc.record({ type, value }), { maxLength: 6 }), name => {
        expect(roundTrip(name)).toEqual(name)
        const sets = asn1js.fromBER(encodeName(name).toSchema().toBER()).result as asn1js.Sequence
        expect(sets.valueBlock.value).toHaveLength(name.length)
      }),
    )
  })

  it('writes a country as PrintableString', () => {
    const [, country] = Buffer.from(
      encodeName([{ type: 'C', value: 'GB' }])
        .toSchema()
        .toBER(),
    )
      .toString('hex')
      .split('0603550406')
    expect(country).toBe('13024742')
  })
})
