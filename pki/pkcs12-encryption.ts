import { createCipheriv, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import * as asn1js from 'asn1js'
import { PkiError } from './errors.ts'
import { derivePkcs12Key, PURPOSE } from './pkcs12-key.ts'

/** What was encrypted, and the AlgorithmIdentifier that says how to undo it. */
interface Encrypted {
  readonly algorithm: asn1js.Sequence
  readonly ciphertext: Uint8Array
}

interface Encryption {
  readonly encrypt: (plaintext: Uint8Array, passphrase: string) => Encrypted
  /** Of the integrity check: OID of the digest, and its name in Node. */
  readonly digest: { readonly oid: string; readonly name: 'sha1' | 'sha256' }
}

// What openssl uses. The passphrases are random, 100 bit: a higher count would only slow down who knows them, and old
// readers refuse 65536 or more.
const ITERATIONS = 2048
const OIDS = {
  pbeWithSha1And3Des: '1.2.840.113549.1.12.1.3',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacWithSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const

export function sequence(...value: asn1js.AsnType[]): asn1js.Sequence {
  return new asn1js.Sequence({ value })
}

export function objectIdentifier(value: string): asn1js.ObjectIdentifier {
  return new asn1js.ObjectIdentifier({ value })
}

export function octetString(octets: Uint8Array): asn1js.OctetString {
  return new asn1js.OctetString({ valueHex: Uint8Array.from(octets).buffer })
}

interface Cipher {
  readonly name: 'des-ede3-cbc' | 'aes-256-cbc'
  readonly key: Uint8Array
  readonly initialVector: Uint8Array
}

function encipher({ name, key, initialVector }: Cipher, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv(name, key, initialVector)
  return Buffer.concat([cipher.update(plaintext), cipher.final()])
}

/** RFC 7292 appendix C. */
function encryptWith3Des(plaintext: Uint8Array, passphrase: string): Encrypted {
  const salt = randomBytes(8)
  const derive = (purpose: 1 | 2, length: number): Uint8Array =>
    derivePkcs12Key({ passphrase, salt, iterations: ITERATIONS, digest: 'sha1', purpose, length })
  const key = derive(PURPOSE.key, 24)
  const initialVector = derive(PURPOSE.initialVector, 8)
  const parameters = sequence(octetString(salt), new asn1js.Integer({ value: ITERATIONS }))
  return {
    algorithm: sequence(objectIdentifier(OIDS.pbeWithSha1And3Des), parameters),
    ciphertext: encipher({ name: 'des-ede3-cbc', key, initialVector }, plaintext),
  }
}

/** PBES2, RFC 8018 section 6.2 and appendix A. */
function encryptWithAes(plaintext: Uint8Array, passphrase: string): Encrypted {
  const salt = randomBytes(16)
  const initialVector = randomBytes(16)
  const key = pbkdf2Sync(passphrase, salt, ITERATIONS, 32, 'sha256')
  const pseudoRandom = sequence(objectIdentifier(OIDS.hmacWithSha256), new asn1js.Null())
  const derivation = sequence(octetString(salt), new asn1js.Integer({ value: ITERATIONS }), pseudoRandom)
  const parameters = sequence(
    sequence(objectIdentifier(OIDS.pbkdf2), derivation),
    sequence(objectIdentifier(OIDS.aes256Cbc), octetString(initialVector)),
  )
  return {
    algorithm: sequence(objectIdentifier(OIDS.pbes2), parameters),
    ciphertext: encipher({ name: 'aes-256-cbc', key, initialVector }, plaintext),
  }
}

const ENCRYPTIONS = {
  /** What every version of macOS, iOS, Android and Windows opens. */
  compatible: { encrypt: encryptWith3Des, digest: { oid: OIDS.sha1, name: 'sha1' } },
  /** What OpenSSL 3 makes by itself, and where SHA-1 and triple DES are switched off the only one that opens. */
  modern: { encrypt: encryptWithAes, digest: { oid: OIDS.sha256, name: 'sha256' } },
} as const satisfies Record<string, Encryption>

export type Pkcs12Profile = keyof typeof ENCRYPTIONS
export const PKCS12_PROFILES = Object.keys(ENCRYPTIONS) as readonly Pkcs12Profile[]
export const DEFAULT_PKCS12_PROFILE: Pkcs12Profile = 'compatible'

/** @throws PkiError PKCS12_PROFILE_UNKNOWN */
export function parsePkcs12Profile(text: string): Pkcs12Profile {
  const profile = PKCS12_PROFILES.find(name => name === text)
  if (profile) return profile
  throw new PkiError(
    'PKCS12_PROFILE_UNKNOWN',
    `The PKCS#12 profile must not be "${text}". It must be one of ${PKCS12_PROFILES.join(', ')}; left out, it is ${DEFAULT_PKCS12_PROFILE}.`,
  )
}

export function encrypt(plaintext: Uint8Array, passphrase: string, profile: Pkcs12Profile): Encrypted {
  return ENCRYPTIONS[profile].encrypt(plaintext, passphrase)
}

/** `MacData` over the authenticated safe, RFC 7292 section 4. */
export function macData(safe: Uint8Array, passphrase: string, profile: Pkcs12Profile): asn1js.Sequence {
  const { oid, name } = ENCRYPTIONS[profile].digest
  const salt = randomBytes(16)
  const length = name === 'sha1' ? 20 : 32
  const key = derivePkcs12Key({
    passphrase,
    salt,
    iterations: ITERATIONS,
    digest: name,
    purpose: PURPOSE.mac,
    length,
  })
  const digestInfo = sequence(
    sequence(objectIdentifier(oid), new asn1js.Null()),
    octetString(createHmac(name, key).update(safe).digest()),
  )
  return sequence(digestInfo, octetString(salt), new asn1js.Integer({ value: ITERATIONS }))
}
