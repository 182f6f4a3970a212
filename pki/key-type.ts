import { generateKeyPair, type KeyObject, type KeyPairKeyObjectResult } from 'node:crypto'
import { promisify } from 'node:util'
import { PkiError } from './errors.ts'

const generate = promisify(generateKeyPair)

/** What can be made; each is accepted by browsers, OpenSSL, NSS and the platforms' key stores. */
const GENERATORS = {
  'ec-p256': () => generate('ec', { namedCurve: 'P-256' }),
  'ec-p384': () => generate('ec', { namedCurve: 'P-384' }),
  'rsa-2048': () => generate('rsa', { modulusLength: 2048 }),
  'rsa-3072': () => generate('rsa', { modulusLength: 3072 }),
  'rsa-4096': () => generate('rsa', { modulusLength: 4096 }),
} as const satisfies Record<string, () => Promise<KeyPairKeyObjectResult>>

export type KeyType = keyof typeof GENERATORS
export const KEY_TYPES = Object.keys(GENERATORS) as readonly KeyType[]
export const DEFAULT_KEY_TYPE: KeyType = 'ec-p256'

function isKeyType(text: string): text is KeyType {
  return Object.hasOwn(GENERATORS, text)
}

/**
 * Upper and lower case are the same.
 * @throws PkiError KEY_TYPE_UNSUPPORTED
 */
export function parseKeyType(text: string): KeyType {
  const type = text.toLowerCase()
  if (isKeyType(type)) return type
  const why = /ed25519|ed448/.test(type)
    ? ' NSS, and so Firefox and Chrome on Linux, cannot import such keys.'
    : ''
  throw new PkiError(
    'KEY_TYPE_UNSUPPORTED',
    `The key type must not be "${text}".${why} It must be one of ${KEY_TYPES.join(', ')}; left out, it is ${DEFAULT_KEY_TYPE}.`,
  )
}

/** Runs in a thread of its own: several at once use several cores. */
export function generateKey(type: KeyType): Promise<KeyPairKeyObjectResult> {
  return GENERATORS[type]()
}

/** RFC 5958, in DER. */
export function encodePkcs8(key: KeyObject): Uint8Array {
  return key.export({ type: 'pkcs8', format: 'der' })
}
