// Promise: what is sealed opens with the same secret, in the same row, unchanged; and in no other way.
import { describe, expect, it } from 'vitest'
import { generateCode, generateRecoveryCodes, normalizeCode, readCode } from '../../../../app/gate/codes.ts'
import { createGateSecrets } from '../../../../app/gate/secrets.ts'

const secrets = createGateSecrets('a'.repeat(64))
const others = createGateSecrets('b'.repeat(64))
const DATA = Buffer.from('the secret of a user')

describe('sealed', () => {
  const sealed = secrets.seal(DATA, 'row 1')

  it('opens', () => {
    expect(Buffer.from(secrets.open(sealed, 'row 1'))).toEqual(DATA)
    expect(sealed).not.toContain(DATA.toString('base64url').slice(4, 12))
  })

  it('is another text each time', () => {
    expect(secrets.seal(DATA, 'row 1')).not.toBe(sealed)
  })

  it('does not open in another row, or with another secret', () => {
    expect(() => secrets.open(sealed, 'row 2')).toThrow()
    expect(() => others.open(sealed, 'row 1')).toThrow()
  })

  it('does not open when an octet of it was changed, or it was cut', () => {
    const octets = Buffer.from(sealed, 'base64url')
    for (let place = 0; place < octets.length; place += 1) {
      const changed = Buffer.from(octets)
      changed.writeUInt8(changed.readUInt8(place) ^ 1, place)
      expect(() => secrets.open(changed.toString('base64url'), 'row 1'), `octet ${place}`).toThrow()
      expect(() => secrets.open(octets.subarray(0, place).toString('base64url'), 'row 1')).toThrow()
    }
  })
})

it('a hash is of the purpose and the secret as well', () => {
  const hashes = [
    secrets.hash('recovery', 'x'),
    secrets.hash('invitation', 'x'),
    secrets.hash('recovery', 'y'),
    others.hash('recovery', 'x'),
  ]
  expect(new Set(hashes).size).toBe(4)
  expect(hashes.every(hash => /^[0-9A-F]{64}$/.test(hash))).toBe(true)
})

describe('codes to type', () => {
  it('are different, and of 100 bit', () => {
    const codes = generateRecoveryCodes()
    expect(codes).toHaveLength(10)
    expect(new Set(codes).size).toBe(10)
    for (const code of codes) expect(code).toMatch(/^([0-9a-hjkmnp-tv-z]{5}-){3}[0-9a-hjkmnp-tv-z]{5}$/)
  })

  it('may be typed in capitals, with other gaps, with O for 0 and I or L for 1', () => {
    const code = '01abc-23def-4567g-89hj0'
    for (const typed of [
      code,
      code.toUpperCase(),
      ' 01ABC 23DEF 4567G 89HJ0',
      'OIabc-23def-4567g-89hjo',
      'olabc23def4567g89hj0',
    ])
      expect(normalizeCode(typed), typed).toBe('01abc23def4567g89hj0')
  })

  it('are told from one-time codes', () => {
    expect(readCode('123 456')).toEqual({ kind: 'totp', code: '123456' })
    expect(readCode(generateCode()).kind).toBe('recovery')
    expect(readCode('').kind).toBe('totp')
  })
})
