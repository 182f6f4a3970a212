// A sealed key opens with its passphrase and with nothing else.
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { generateKey, KEY_TYPES } from '../../../pki/key-type.ts'
import { generatePassphrase } from '../../../pki/passphrase.ts'
import { sealKey, unsealKey } from '../../../pki/sealed-key.ts'

vi.setConfig({ testTimeout: 60_000 })

describe('sealKey', () => {
  it.each(KEY_TYPES)('seals %s for its passphrase', async type => {
    const { privateKey } = await generateKey(type)
    const sealed = await sealKey(privateKey, 'correct')
    expect((await unsealKey(sealed, 'correct')).equals(privateKey)).toBe(true)
    await expect(unsealKey(sealed, 'wrong')).rejects.toThrow(
      expect.objectContaining({ code: 'PASSPHRASE_WRONG' }),
    )
  })

  it('takes any passphrase but the empty one', async () => {
    const { privateKey } = await generateKey('ec-p256')
    const passphrase = fc.string({ unit: 'grapheme', minLength: 1 })
    await fc.assert(
      fc.asyncProperty(passphrase, async text => {
        expect((await unsealKey(await sealKey(privateKey, text), text)).equals(privateKey)).toBe(true)
      }),
      { numRuns: 20 },
    )
    await expect(sealKey(privateKey, '')).rejects.toThrow(
      expect.objectContaining({ code: 'PASSPHRASE_EMPTY' }),
    )
  })

  it('names standard algorithms in its header, and hides the key', async () => {
    const { privateKey } = await generateKey('ec-p256')
    const sealed = await sealKey(privateKey, 'correct')
    const [header = ''] = sealed.split('.')
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({
      alg: 'PBES2-HS512+A256KW',
      enc: 'A256GCM',
    })
    expect(sealed).not.toContain(privateKey.export({ format: 'jwk' }).d)
  })
})

describe('unsealKey', () => {
  it.each([
    ['nothing', ''],
    ['something else', 'not a sealed key'],
    ['a JWT', 'eyJhbGciOiJub25lIn0.e30.'],
    [
      'another algorithm',
      `${Buffer.from('{"alg":"dir","enc":"A256GCM"}').toString('base64url')}..AAAA.AAAA.AAAA`,
    ],
  ])('refuses %s', async (_, sealed) => {
    await expect(unsealKey(sealed, 'x')).rejects.toThrow(expect.objectContaining({ code: 'KEY_MALFORMED' }))
  })

  it('refuses a changed one', async () => {
    const sealed = await sealKey((await generateKey('ec-p256')).privateKey, 'correct')
    const parts = sealed.split('.')
    parts[3] = `${parts[3]?.startsWith('A') ? 'B' : 'A'}${parts[3]?.slice(1)}`
    await expect(unsealKey(parts.join('.'), 'correct')).rejects.toThrow(
      expect.objectContaining({ code: 'PASSPHRASE_WRONG' }),
    )
  })
})

describe('generatePassphrase', () => {
  it('makes groups of five readable characters, never the same', () => {
    const made = Array.from({ length: 200 }, () => generatePassphrase(4))
    expect(new Set(made).size).toBe(200)
    for (const passphrase of made)
      expect(passphrase).toMatch(/^[0-9a-hjkmnp-tv-z]{5}(-[0-9a-hjkmnp-tv-z]{5}){3}$/)
  })
})
