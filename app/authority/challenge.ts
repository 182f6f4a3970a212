import { hash, randomBytes, randomUUID } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { leadingZeroBits } from '../../pki/proof-of-work.ts'
import { AppError } from '../errors.ts'
import type { Store } from '../store/store.ts'

/** What a proof of work is for: one made for another purpose is refused. */
export type Purpose = 'register'

export interface Challenge {
  readonly challenge: string
  readonly algorithm: 'SHA-256'
  /** Leading zero bits. */
  readonly difficulty: number
  readonly expiresAt: Date
}

export interface Proof {
  readonly challenge: string
  readonly nonce: string
}

// Our own choices: long enough for a slow telephone, short enough that nobody collects them.
const LIFE_S = 600
// Registrations a minute that count as quiet; every doubling beyond costs one bit more, which is twice the work.
const QUIET_PER_MINUTE = 30
const MAX_BITS = 32
const NONCE = /^[0-9A-Za-z]{1,32}$/

/** Nothing is kept of a challenge that is handed out, only that it was used: asking for one changes nothing. */
export function createChallenges(store: Store, baseBits: number, now: () => Date) {
  let known: Uint8Array | undefined
  /** Asked for until the store has said it: one that is away for a moment must not be missed for ever. */
  async function key(): Promise<Uint8Array> {
    known ??= Buffer.from(
      await store.settings.ensure('challenge-key', randomBytes(32).toString('base64url')),
      'base64url',
    )
    return known
  }

  async function difficulty(purpose: Purpose): Promise<number> {
    if (baseBits === 0) return 0
    const recent = await store.once.countSince(`${purpose}:`, now().getTime() - 60_000)
    const flood = Math.max(0, Math.floor(Math.log2(Math.max(1, recent) / QUIET_PER_MINUTE)) + 1)
    return Math.min(MAX_BITS, baseBits + flood)
  }

  async function create(purpose: Purpose): Promise<Challenge> {
    const bits = await difficulty(purpose)
    const expires = Math.floor(now().getTime() / 1000) + LIFE_S
    const challenge = await new SignJWT({ bits })
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience(purpose)
      .setJti(randomUUID())
      .setExpirationTime(expires)
      .sign(await key())
    return { challenge, algorithm: 'SHA-256', difficulty: bits, expiresAt: new Date(expires * 1000) }
  }

  /** @throws AppError CHALLENGE_INVALID, CHALLENGE_EXPIRED, PROOF_OF_WORK_WRONG, CHALLENGE_SPENT */
  async function spend(purpose: Purpose, { challenge, nonce }: Proof): Promise<void> {
    const { bits, jti, exp } = await verify(challenge, purpose, await key(), now())
    if (!NONCE.test(nonce) || leadingZeroBits(hash('sha256', `${challenge}:${nonce}`, 'buffer')) < bits) {
      throw new AppError(
        'PROOF_OF_WORK_WRONG',
        `The SHA-256 of the challenge, a colon and the nonce does not begin with ${bits} zero bits. The nonce must have 1 to 32 letters or digits.`,
      )
    }
    if (await store.once.spend(`${purpose}:${jti}`, exp * 1000)) return
    throw new AppError(
      'CHALLENGE_SPENT',
      'This challenge was used before. Ask for a new one: GET /register/challenge.',
    )
  }

  return { create, spend }
}

export type Challenges = ReturnType<typeof createChallenges>

async function verify(challenge: string, purpose: Purpose, key: Uint8Array, currentDate: Date) {
  try {
    const options = { algorithms: ['HS256'], audience: purpose, currentDate }
    const { payload } = await jwtVerify<{ bits: number; jti: string; exp: number }>(challenge, key, {
      ...options,
      requiredClaims: ['jti', 'exp', 'bits'],
    })
    return payload
  } catch (cause) {
    if (cause instanceof errors.JWTExpired) {
      throw new AppError(
        'CHALLENGE_EXPIRED',
        'The challenge has expired. Ask for a new one: GET /register/challenge.',
      )
    }
    throw new AppError(
      'CHALLENGE_INVALID',
      'The challenge is not one of ours, or is for something else. Ask for a new one: GET /register/challenge.',
      { cause },
    )
  }
}
