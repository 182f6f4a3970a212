// Numbers are in their only DER form, whatever octets they come in.
import { expect, it } from 'vitest'
import { encode, integerOf, octets } from '../../../pki/forge-nodes.ts'

it.each([
  [[0], '020100'],
  [[0, 0, 0], '020100'],
  [[0x7f], '02017f'],
  [[0x80], '02020080'],
  [[0, 0, 0x80, 1], '0203008001'],
  [[0, 0x0a, 1], '02020a01'],
])('%j becomes %s', (magnitude, der) => {
  expect(Buffer.from(encode(integerOf(octets(Uint8Array.from(magnitude)))), 'latin1').toString('hex')).toBe(
    der,
  )
})
