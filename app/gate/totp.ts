import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

// What every authenticator app takes; several ignore other values without a word.
const STEP_MS = 30_000
const DIGITS = 6
// RFC 4226 section 4, R6 recommends 160 bit.
const SECRET_OCTETS = 20
// RFC 6238 section 5.2 allows one step for the way and for clocks that differ.
const WINDOW = [-1, 0, 1]
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

export function generateTotpSecret(): Uint8Array {
  return randomBytes(SECRET_OCTETS)
}

/** RFC 4226 section 5.3, with HMAC-SHA-1. */
export function hotp(secret: Uint8Array, counter: number, digits = DIGITS): string {
  const message = Buffer.alloc(8)
  message.writeBigUInt64BE(BigInt(counter))
  const mac = createHmac('sha1', secret).update(message).digest()
  const offset = mac.readUInt8(mac.length - 1) & 0xf
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff
  return String(number % 10 ** digits).padStart(digits, '0')
}

/** RFC 6238 section 4.2. */
export function timeStep(at: Date): number {
  return Math.floor(at.getTime() / STEP_MS)
}

/**
 * The time step that a code belongs to, the latest if there are two: with the earlier one on record, the same code would
 * be good once more. The same work for every code.
 */
export function matchingStep(secret: Uint8Array, code: string, at: Date): number | undefined {
  const given = Buffer.from(code)
  const steps = WINDOW.map(distance => timeStep(at) + distance)
  const matching = steps.filter(step => {
    const right = Buffer.from(hotp(secret, Math.max(0, step)))
    return right.length === given.length && timingSafeEqual(right, given)
  })
  return matching.at(-1)
}

/** RFC 4648 section 6, without padding. */
export function base32(octets: Uint8Array): string {
  const bits = Array.from(octets, octet => octet.toString(2).padStart(8, '0')).join('')
  const groups = bits.match(/.{1,5}/g) ?? []
  return groups.map(group => BASE32.charAt(Number.parseInt(group.padEnd(5, '0'), 2))).join('')
}

/** https://github.com/google/google-authenticator/wiki/Key-Uri-Format */
export function otpauthUri(secret: Uint8Array, user: string): string {
  const issuer = 'Gatehouse'
  const label = `${issuer}:${encodeURIComponent(user)}`
  const facts = `issuer=${issuer}&algorithm=SHA1&digits=${DIGITS}&period=${STEP_MS / 1000}`
  return `otpauth://totp/${label}?secret=${base32(secret)}&${facts}`
}
