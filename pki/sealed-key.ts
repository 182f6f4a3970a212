import { createPrivateKey, type KeyObject } from 'node:crypto'
import { CompactEncrypt, compactDecrypt, errors, type JWK } from 'jose'
import { PkiError } from './errors.ts'

// The most that readers of PBES2 accept by default (jose). Passphrases of keys are random, 150 bit: no count helps an
// attacker who has to guess those, and none would help against guessing a weak one.
const ITERATIONS = 10_000

function assertPassphrase(passphrase: string): void {
  if (passphrase === '') throw new PkiError('PASSPHRASE_EMPTY', 'The passphrase of a key must not be empty.')
}

/**
 * Encrypts a private key as a JWE in compact form that holds a JWK (RFC 7516, RFC 7517 section 7): PBES2 with
 * HMAC-SHA-512, then AES-256-GCM.
 * @throws PkiError PASSPHRASE_EMPTY
 */
export async function sealKey(key: KeyObject, passphrase: string): Promise<string> {
  assertPassphrase(passphrase)
  const jwk = Buffer.from(JSON.stringify(key.export({ format: 'jwk' })))
  return await new CompactEncrypt(jwk)
    .setProtectedHeader({ alg: 'PBES2-HS512+A256KW', enc: 'A256GCM', cty: 'jwk+json' })
    .setKeyManagementParameters({ p2c: ITERATIONS })
    .encrypt(Buffer.from(passphrase, 'utf8'))
}

/**
 * @throws PkiError PASSPHRASE_WRONG when the passphrase, or a changed character of `sealed`, fails authentication
 * @throws PkiError KEY_MALFORMED when `sealed` is not what `sealKey` makes
 */
export async function unsealKey(sealed: string, passphrase: string): Promise<KeyObject> {
  assertPassphrase(passphrase)
  try {
    const { plaintext } = await compactDecrypt(sealed.trim(), Buffer.from(passphrase, 'utf8'), {
      keyManagementAlgorithms: ['PBES2-HS512+A256KW'],
      contentEncryptionAlgorithms: ['A256GCM'],
      maxPBES2Count: ITERATIONS,
    })
    return createPrivateKey({ key: JSON.parse(Buffer.from(plaintext).toString()) as JWK, format: 'jwk' })
  } catch (cause) {
    if (cause instanceof errors.JWEDecryptionFailed) {
      throw new PkiError('PASSPHRASE_WRONG', 'The passphrase does not open the sealed key.', { cause })
    }
    throw new PkiError('KEY_MALFORMED', 'The sealed key is not a JWE with a private key in it.', { cause })
  }
}
