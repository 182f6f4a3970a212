// Promise: a serial number is written back as the INTEGER that it was read from.
import * as asn1js from 'asn1js'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeSerialNumber, encodeSerialNumber } from '../../../pki/serial-number.ts'

it.each([
  ['00', '020100'],
  ['7F', '02017f'],
  ['80', '02020080'],
  ['0100', '02020100'],
  ['00FF', '020200ff'],
  ['-01', '0201ff'],
  ['-80', '020180'],
  ['-81', '0202ff7f'],
  ['-0100', '0202ff00'],
])('%s is %s', (text, der) => {
  expect(Buffer.from(encodeSerialNumber(text)).toString('hex')).toBe(der)
})

it('has one encoding, which is the shortest', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 159n), max: 2n ** 159n }), value => {
      const der = new Uint8Array(asn1js.Integer.fromBigInt(value).toBER())
      const text = decodeSerialNumber(der.subarray(2))
      expect(Buffer.from(encodeSerialNumber(text))).toEqual(Buffer.from(der))
      expect(BigInt(`0x${text.replace('-', '')}`) * (text.startsWith('-') ? -1n : 1n)).toBe(value)
    }),
  )
})
