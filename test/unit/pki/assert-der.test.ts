// One value has one encoding: BER, which lenient parsers take, is refused.
import { describe, expect, it } from 'vitest'
import { assertDer } from '../../../pki/assert-der.ts'

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex')

/** Sequences, one in another. */
function nested(depth: number): Uint8Array {
  let inner = bytes('05 00')
  for (let i = 0; i < depth; i++) inner = Buffer.concat([Uint8Array.of(0x30, inner.length), inner])
  return inner
}

describe('assertDer', () => {
  it.each([
    ['an integer', bytes('02 01 05')],
    ['an integer with a sign octet', bytes('02 02 00 80')],
    ['a negative integer', bytes('02 02 ff 7f')],
    ['true', bytes('01 01 ff')],
    ['a length of 128 in two octets', Buffer.concat([bytes('04 81 80'), Buffer.alloc(128)])],
    ['an empty sequence', bytes('30 00')],
    ['20 levels', nested(20)],
  ])('takes %s', (_, der) => {
    expect(() => assertDer(der)).not.toThrow()
  })

  it.each([
    ['nothing', bytes('')],
    ['a tag only', bytes('30')],
    ['a length that is cut off', bytes('04 82 01')],
    ['content that is cut off', bytes('04 02 00')],
    ['content that leaves its sequence', bytes('30 03 04 02 00 00')],
    ['content that leaves the sequence around it', bytes('30 07 30 03 04 02 00 05 00')],
    ['a second element', bytes('05 00 05 00')],
    ['a length of 1 in two octets', bytes('04 81 01 00')],
    ['a length of 128 in three octets', Buffer.concat([bytes('04 82 00 80'), Buffer.alloc(128)])],
    ['an indefinite length', bytes('30 80 00 00')],
    ['a length in nine octets', bytes('04 88 00 00 00 00 00 00 00 01 00')],
    ['a tag in two octets', bytes('1f 81 00 00')],
    ['true as 01', bytes('01 01 01')],
    ['a boolean of two octets', bytes('01 02 ff ff')],
    ['an empty integer', bytes('02 00')],
    ['an integer with a needless 00', bytes('02 02 00 7f')],
    ['an integer with a needless FF', bytes('02 02 ff 80')],
    ['25 levels', nested(25)],
  ])('refuses %s', (_, der) => {
    expect(() => assertDer(der)).toThrow(expect.objectContaining({ code: 'CERT_MALFORMED' }))
  })
})
