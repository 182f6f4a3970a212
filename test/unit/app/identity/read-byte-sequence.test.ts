// Promise: a certificate has exactly one spelling in a header, and nothing else is taken for one.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readByteSequence } from '../../../../app/identity/read-byte-sequence.ts'

it('reads every sequence of octets back, byte for byte', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), octets => {
      const value = `:${Buffer.from(octets).toString('base64')}:`
      expect(Uint8Array.from(readByteSequence(value) ?? [])).toEqual(octets)
    }),
  )
})

it('takes no other text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      const octets = readByteSequence(text)
      if (octets) expect(text).toBe(`:${Buffer.from(octets).toString('base64')}:`)
    }),
  )
})

it.each([
  ['nothing', ''],
  ['a colon', ':'],
  ['no octets, as HAProxy writes no certificate', '::'],
  ['no colons', 'TWFu'],
  ['one colon', ':TWFu'],
  ['the other colon', 'TWFu:'],
  ['missing padding', ':TWE:'],
  ['too much padding', ':TWFu=:'],
  ['unused bits that are not zero', ':TWF=:'],
  ['the URL alphabet', ':-_-_:'],
  ['a blank', ':TW Fu:'],
  ['blanks around', ' :TWFu: '],
  ['a line end', ':TWFu:\n'],
  ['two sequences', ':TWFu:, :TWFu:'],
  ['a parameter (RFC 8941 section 3.1.2)', ':TWFu:;a=1'],
  ['what Apache writes without a value', '(null)'],
  ['PEM', '-----BEGIN CERTIFICATE-----'],
])('refuses %s', (_, value) => {
  expect(readByteSequence(value)).toBeUndefined()
})
