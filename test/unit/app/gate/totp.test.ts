// Promise: the codes are those of RFC 4226 and RFC 6238, good for one step either way, each found as the latest that it could be.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  base32,
  generateTotpSecret,
  hotp,
  matchingStep,
  otpauthUri,
  timeStep,
} from '../../../../app/gate/totp.ts'

const SECRET = Buffer.from('12345678901234567890')
const at = (seconds: number) => new Date(seconds * 1000)

it('RFC 4226 appendix D', () => {
  const codes = Array.from({ length: 10 }, (_, counter) => hotp(SECRET, counter))
  expect(codes.join(' ')).toBe('755224 287082 359152 969429 338314 254676 287922 162583 399871 520489')
})

it.each([
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
])('RFC 6238 appendix B, SHA-1: at %d s it is %s', (seconds, code) => {
  expect(hotp(SECRET, timeStep(at(seconds)), 8)).toBe(code)
})

describe('the window', () => {
  const now = at(1_234_567_890)
  const step = timeStep(now)

  it.each([
    [-2, undefined],
    [-1, step - 1],
    [0, step],
    [1, step + 1],
    [2, undefined],
  ])('a code of %d steps from now', (distance, expected) => {
    expect(matchingStep(SECRET, hotp(SECRET, step + distance), now)).toBe(expected)
  })

  it('takes the latest of two steps with the same code, which would be good twice otherwise', () => {
    // Found by search.
    const step = 153_568
    expect(hotp(SECRET, step - 1)).toBe(hotp(SECRET, step + 1))
    expect(matchingStep(SECRET, hotp(SECRET, step - 1), at(step * 30))).toBe(step + 1)
  })

  it.each(['', '12345', '1234567', ' 89005', '８９００５９', 'abcdef', '-12345'])('%j is no code', code => {
    expect(matchingStep(SECRET, code, now)).toBeUndefined()
  })
})

it('writes Base32 as RFC 4648 section 10 does, without padding', () => {
  const vectors = {
    '': '',
    f: 'MY',
    fo: 'MZXQ',
    foo: 'MZXW6',
    foob: 'MZXW6YQ',
    fooba: 'MZXW6YTB',
    foobar: 'MZXW6YTBOI',
  }
  for (const [text, encoded] of Object.entries(vectors)) expect(base32(Buffer.from(text))).toBe(encoded)
})

it('makes secrets of 160 bit that differ', () => {
  const secrets = Array.from({ length: 100 }, generateTotpSecret)
  expect(new Set(secrets.map(base32)).size).toBe(100)
  expect(secrets.every(({ length }) => length === 20)).toBe(true)
})

it('whatever the name, the address for the app says the name and the secret', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), name => {
      const uri = new URL(otpauthUri(SECRET, name))
      expect([uri.protocol, uri.host]).toEqual(['otpauth:', 'totp'])
      expect(decodeURIComponent(uri.pathname)).toBe(`/Gatehouse:${name}`)
      expect(Object.fromEntries(uri.searchParams)).toEqual({
        secret: base32(SECRET),
        issuer: 'Gatehouse',
        algorithm: 'SHA1',
        digits: '6',
        period: '30',
      })
    }),
  )
})
