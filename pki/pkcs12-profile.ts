import { PkiError } from './errors.ts'

interface Encryption {
  /** Of keys and certificates alike, as node-forge calls it. */
  readonly algorithm: '3des' | 'aes256'
  /** Of the integrity check and, with AES, of the key derivation. */
  readonly digest: 'sha1' | 'sha256'
}

const ENCRYPTIONS = {
  /** What every version of macOS, iOS, Android and Windows opens. */
  compatible: { algorithm: '3des', digest: 'sha1' },
  /** What OpenSSL 3 makes by itself, and where SHA-1 and triple DES are switched off the only one that opens. */
  modern: { algorithm: 'aes256', digest: 'sha256' },
} as const satisfies Record<string, Encryption>

export type Pkcs12Profile = keyof typeof ENCRYPTIONS
export const PKCS12_PROFILES = Object.keys(ENCRYPTIONS) as readonly Pkcs12Profile[]
export const DEFAULT_PKCS12_PROFILE: Pkcs12Profile = 'compatible'

export function encryptionOf(profile: Pkcs12Profile): Encryption {
  return ENCRYPTIONS[profile]
}

/** @throws PkiError PKCS12_PROFILE_UNKNOWN */
export function parsePkcs12Profile(text: string): Pkcs12Profile {
  const profile = PKCS12_PROFILES.find(name => name === text)
  if (profile) return profile
  throw new PkiError(
    'PKCS12_PROFILE_UNKNOWN',
    `The PKCS#12 profile must not be "${text}". It must be one of ${PKCS12_PROFILES.join(', ')}; left out, it is ${DEFAULT_PKCS12_PROFILE}.`,
  )
}
