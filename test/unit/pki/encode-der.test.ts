// Promise: what is encoded by hand is DER, to the octet.
import * as asn1js from 'asn1js'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { assertDer } from '../../../pki/assert-der.ts'
import {
  encodeElement,
  encodeGeneralizedTime,
  encodeInteger,
  encodeTime,
  TAG,
} from '../../../pki/encode-der.ts'

it.each([0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 0x1000000])('a length of %i', length => {
  const der = encodeElement(TAG.octetString, Buffer.alloc(length))
  assertDer(der)
  const { result } = asn1js.fromBER(Uint8Array.from(der))
  expect((result as asn1js.OctetString).valueBlock.valueHexView.length).toBe(length)
})

it('integers', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), value => {
      const expected = Buffer.from(asn1js.Integer.fromBigInt(BigInt(value)).toBER())
      expect(Buffer.from(encodeInteger(value))).toEqual(expected)
    }),
  )
})

const text = (der: Uint8Array) => Buffer.from(der.subarray(2)).toString('latin1')

it('times to the second, with four digits of the year from 2050 on', () => {
  const [last, first] = ['2049-12-31T23:59:59.999Z', '2050-01-01T00:00:00.001Z'].map(at => new Date(at))
  const codes = [last, first].map(at => encodeTime(at as Date))
  expect(codes.map(text)).toEqual(['491231235959Z', '20500101000000Z'])
  expect(codes.map(([tag]) => tag)).toEqual([TAG.utcTime, TAG.generalizedTime])
  expect(text(encodeGeneralizedTime(last as Date))).toBe('20491231235959Z')
})
