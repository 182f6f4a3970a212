// No certificate is issued for a key whose private half anybody can find.
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { assertEnrollableKey, isAcceptableKey } from '../../../pki/acceptable-key.ts'
import { describeKey } from '../../../pki/certificate-key.ts'
import { generateKey, KEY_TYPES } from '../../../pki/key-type.ts'
import { canonicalKey, spki256Of } from '../../../pki/spki.ts'
import { findWeakness } from '../../../pki/weak-modulus.ts'
import { run, temporaryFolder } from '../../support/lab.ts'
import { prime, primeFrom, publicRsa, rocaPrime } from '../../support/weak-keys.ts'

vi.setConfig({ testTimeout: 120_000 })

function refuses(publicKey: KeyObject, why: RegExp): void {
  expect(() => assertEnrollableKey(publicKey)).toThrow(
    expect.objectContaining({ code: 'KEY_WEAK', message: expect.stringMatching(why) }),
  )
}

const isAcceptable = (key: KeyObject) => isAcceptableKey(describeKey(key, ''))

describe('a good key', () => {
  it.each(KEY_TYPES)('of the type %s may be enrolled', async type => {
    const { publicKey } = await generateKey(type)
    expect(() => assertEnrollableKey(publicKey)).not.toThrow()
    expect(isAcceptable(publicKey)).toBe(true)
  })

  it('is never taken for a bad one', async () => {
    const keys = await Promise.all(Array.from({ length: 50 }, () => generateKey('rsa-2048')))
    for (const { publicKey } of keys) expect(() => assertEnrollableKey(publicKey)).not.toThrow()
  })
})

describe('a modulus', () => {
  it.each([2, 3, 11, 367, 751])('with the factor %d', factor => {
    const modulus = BigInt(factor) * prime(2048)
    expect(findWeakness(modulus)).toMatch(/small factor/)
    if (factor > 2) refuses(publicRsa(modulus), /small factor/)
  })

  it('with 757 is past the small ones', () => {
    expect(findWeakness(757n * prime(2048))).toBeUndefined()
  })

  it.each([
    ['that are the same', 0n],
    ['that follow each other', 2n],
    ['that differ in their lower half', 1n << 512n],
    // (q - p)^2 / 8 sqrt(n): some 40 to 60 rounds
    ['that are as far apart as the search goes', 5n << 514n],
  ])('of two primes %s', (_, distance) => {
    const p = prime(1024)
    refuses(publicRsa(p * primeFrom(p + distance)), /too close/)
  })

  it('of two primes further apart is as good as any', () => {
    const p = prime(1024)
    expect(findWeakness(p * primeFrom(p + (1n << 530n)))).toBeUndefined()
  })

  it('as Infineon’s chips made them', () => {
    refuses(publicRsa(rocaPrime() * rocaPrime()), /ROCA/)
  })

  it('with one such prime and another is not of such a chip', () => {
    expect(findWeakness(rocaPrime() * prime(1024))).toBeUndefined()
  })
})

describe('a key of another kind', () => {
  it.each([
    [
      'RSA of 1024 bit',
      () => generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey,
      /RSA of 1024 bit/,
    ],
    ['RSA of 16384 bit', () => publicRsa((1n << 16383n) | 1n), /RSA of 16384 bit/],
    ['an exponent of 3', () => publicRsa(prime(1024) * prime(1024), 3n), /exponent 3/],
    ['an exponent of 1', () => publicRsa(prime(1024) * prime(1024), 1n), /exponent 1/],
    ['an even exponent', () => publicRsa(prime(1024) * prime(1024), 65538n), /exponent 65538/],
    [
      'a huge exponent',
      () => publicRsa(prime(1024) * prime(1024), (1n << 256n) | 1n),
      /a number of 78 digits/,
    ],
    ['P-224', () => generateKeyPairSync('ec', { namedCurve: 'P-224' }).publicKey, /secp224r1/],
    ['secp256k1', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey, /secp256k1/],
    [
      'a Brainpool curve',
      () => generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' }).publicKey,
      /brainpool/,
    ],
    ['Ed25519', () => generateKeyPairSync('ed25519').publicKey, /ed25519/],
    ['RSA for PSS only', () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey, /rsa-pss/],
    ['X25519', () => generateKeyPairSync('x25519').publicKey, /x25519/],
  ])('is refused: %s', (_, make, why) => {
    const publicKey = make()
    refuses(publicKey, why)
    expect(isAcceptable(publicKey)).toBe(false)
  })

  it('P-521 may log in, and is not issued for', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-521' })
    refuses(publicKey, /P-521/)
    expect(isAcceptable(publicKey)).toBe(true)
  })
})

describe('the point at infinity, which OpenSSL reads as a key', () => {
  it('is nobody’s', () => {
    const good = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
    const spki = good.export({ format: 'der', type: 'spki' })
    const algorithm = spki.subarray(2, 4 + (spki[3] ?? 0))
    const der = Buffer.concat([Buffer.of(0x30, algorithm.length + 4), algorithm, Buffer.of(3, 2, 0, 0)])
    const infinity = createPublicKey({ key: der, format: 'der', type: 'spki' })
    expect(infinity.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' })
    refuses(infinity, /P-256 at infinity/)
    expect(isAcceptable(infinity)).toBe(false)
  })
})

function inForm(pem: string, ...form: readonly string[]): KeyObject {
  using folder = temporaryFolder()
  const path = join(folder.path, 'key')
  writeFileSync(path, pem)
  return createPublicKey(run('openssl', 'ec', '-pubin', '-in', path, ...form))
}

describe('spki256Of', () => {
  it('is one for a key, whatever the form of its point and curve', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
    const forms = [
      ['-conv_form', 'compressed'],
      ['-conv_form', 'hybrid'],
      ['-param_enc', 'explicit'],
    ]
    for (const form of forms) {
      const other = inForm(pem, ...form)
      expect(other.export({ format: 'der', type: 'spki' })).not.toEqual(
        publicKey.export({ format: 'der', type: 'spki' }),
      )
      expect(spki256Of(other)).toBe(spki256Of(publicKey))
      expect(canonicalKey(other).equals(publicKey)).toBe(true)
    }
  })

  it.each([
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey],
    ['EC', () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey],
    ['what JWK cannot write', () => generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' }).publicKey],
  ])('is the SHA-256 of the usual encoding: %s', (_, make) => {
    const publicKey = make()
    const digest = createHash('sha256')
      .update(publicKey.export({ format: 'der', type: 'spki' }))
      .digest('hex')
    expect(spki256Of(publicKey)).toBe(digest.toUpperCase())
  })
})
