import type { KeyObject } from 'node:crypto'
import { type CertificateKey, describeKey } from './certificate-key.ts'
import { PkiError } from './errors.ts'
import { findWeakness } from './weak-modulus.ts'

const LOGIN_CURVES: ReadonlySet<string> = new Set(['P-256', 'P-384', 'P-521'])
// As far as browsers and platforms agree: Chrome, for one, does not sign with P-521.
const ENROLMENT_CURVES: ReadonlySet<string> = new Set(['P-256', 'P-384'])
// NIST SP 800-131A revision 2, table 2.
const MIN_RSA_BITS = 2048
// Our own choice: the largest modulus that we make is 4096; verifying with 16384 bits costs 60 times as much.
const MAX_RSA_BITS = 8192
// FIPS 186-5 section A.1.1: odd, 2^16 < e < 2^256; 1 and 3 have been forged.
const MIN_EXPONENT = 65537n
const MAX_EXPONENT = 2n ** 256n

/** @returns what completes "The key must not be ", or `undefined` when there is nothing to say */
function complain(key: CertificateKey, curves: ReadonlySet<string>): string | undefined {
  if (key.type === 'other') return `of the type ${key.oid}`
  if (key.type === 'ec') return curves.has(key.curve) ? undefined : `EC on ${key.curve}`
  const { bits, exponent } = key
  if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) return `RSA of ${bits} bit`
  const isSane = exponent >= MIN_EXPONENT && exponent < MAX_EXPONENT && exponent % 2n === 1n
  return isSane ? undefined : `RSA with the exponent ${shorten(exponent)}`
}

function shorten(exponent: bigint): string {
  const digits = exponent.toString()
  return digits.length > 20 ? `a number of ${digits.length} digits` : digits
}

/** Whether a key of this kind may log in; says nothing about the numbers in it, which cost more to look at. */
export function isAcceptableKey(key: CertificateKey): boolean {
  return complain(key, LOGIN_CURVES) === undefined
}

function modulusOf(publicKey: KeyObject): bigint {
  const { n = '' } = publicKey.export({ format: 'jwk' })
  return BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`)
}

function weak(what: string): PkiError {
  return new PkiError(
    'KEY_WEAK',
    `The key must not be ${what}. It must be EC on P-256 or P-384, or RSA of 2048 to 8192 bit with an odd exponent of 65537 or more. Make a new key with a current program, such as: openssl ecparam -genkey -name prime256v1`,
  )
}

/**
 * A key that a certificate may be issued for: one that may log in, on a curve that we issue for, and not one of those
 * whose private key anybody can find.
 * @throws PkiError KEY_WEAK
 */
export function assertEnrollableKey(publicKey: KeyObject): void {
  const key = describeKey(publicKey, publicKey.asymmetricKeyType ?? 'unknown')
  const complaint = complain(key, ENROLMENT_CURVES)
  if (complaint) throw weak(complaint)
  const weakness = key.type === 'rsa' ? findWeakness(modulusOf(publicKey)) : undefined
  if (weakness) throw weak(`this one: ${weakness}`)
}
