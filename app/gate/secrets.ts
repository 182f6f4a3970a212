import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
// NIST SP 800-38D section 8.2.2.
const NONCE_OCTETS = 12
const TAG_OCTETS = 16

/** What the store keeps of secrets. */
export interface GateSecrets {
  /** AES-256-GCM. @param place the row: sealed for one, it does not open in another */
  seal(data: Uint8Array, place: string): string
  /** @throws Error when it was changed, moved, or sealed with another secret */
  open(sealed: string, place: string): Uint8Array
  /** Of a code of many random bits, upper-case hex; worth nothing without the secret. */
  hash(purpose: 'invitation' | 'recovery' | 'setup', code: string): string
}

/** Where the TOTP secret of a user is sealed for. */
export function totpPlace(userId: string): string {
  return `gate_users ${userId}`
}

/** @param secret the content of keys/private/gate-secret, 256 random bits */
export function createGateSecrets(secret: string): GateSecrets {
  const derived = (purpose: string) =>
    Buffer.from(hkdfSync('sha256', secret, '', `gatehouse gate ${purpose}`, 32))
  const sealingKey = derived('seal')
  const hashingKey = derived('hash')
  return {
    seal(data, place) {
      const nonce = randomBytes(NONCE_OCTETS)
      const cipher = createCipheriv(ALGORITHM, sealingKey, nonce).setAAD(Buffer.from(place))
      const parts = [nonce, cipher.update(data), cipher.final(), cipher.getAuthTag()]
      return Buffer.concat(parts).toString('base64url')
    },
    open(sealed, place) {
      const octets = Buffer.from(sealed, 'base64url')
      const nonce = octets.subarray(0, NONCE_OCTETS)
      const decipher = createDecipheriv(ALGORITHM, sealingKey, nonce, { authTagLength: TAG_OCTETS })
      decipher.setAAD(Buffer.from(place)).setAuthTag(octets.subarray(-TAG_OCTETS))
      const data = decipher.update(octets.subarray(NONCE_OCTETS, -TAG_OCTETS))
      return Buffer.concat([data, decipher.final()])
    },
    hash: (purpose, code) =>
      createHmac('sha256', hashingKey).update(`${purpose}:${code}`).digest('hex').toUpperCase(),
  }
}
