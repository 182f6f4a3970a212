import { createPublicKey } from 'node:crypto'
import { type JWTHeaderParameters, jwtVerify, SignJWT } from 'jose'
import { GATE_SLOTS, type GateKeys, type GateSlot } from '../../pki/gate-keys.ts'
import { GATE } from '../../proxy-configs/gate-contract.ts'
import type { GateLevel } from '../gate-means.ts'

/** What a token says: whose session it is of. */
export interface TokenClaims {
  /** Of the session. */
  readonly jti: string
  readonly user: string
  readonly level: GateLevel
  /** Whole seconds, in milliseconds. */
  readonly expiresAt: number
}

export interface Tokens {
  sign(claims: TokenClaims): Promise<string>
  /**
   * What a token of ours says; `undefined` for every other.
   * @param lateMs how long ago it may have expired
   */
  read(token: string, lateMs: number): Promise<Pick<TokenClaims, 'jti' | 'expiresAt'> | undefined>
}

const ALGORITHM = 'ES256'

/** Two keys, of which one signs: see pki/gate-keys.ts. */
export function createTokens({ active, privateKeys }: GateKeys, now: () => Date): Tokens {
  const publicKeys = { a: createPublicKey(privateKeys.a), b: createPublicKey(privateKeys.b) }
  const keyOf = ({ kid }: JWTHeaderParameters) => {
    if (GATE_SLOTS.includes(kid as GateSlot)) return publicKeys[kid as GateSlot]
    throw new RangeError('The token names no key of ours.')
  }
  return {
    sign: ({ jti, user, level, expiresAt }) =>
      new SignJWT({ lvl: level })
        .setProtectedHeader({ alg: ALGORITHM, kid: active, typ: 'JWT' })
        .setIssuer(GATE.issuer)
        .setAudience(GATE.audience)
        .setSubject(user)
        .setJti(jti)
        .setIssuedAt(now())
        .setExpirationTime(expiresAt / 1000)
        .sign(privateKeys[active]),
    async read(token, lateMs) {
      const verified = await jwtVerify<{ jti: string; exp: number }>(token, keyOf, {
        // A second lock: the keys are good for nothing else.
        algorithms: [ALGORITHM],
        issuer: GATE.issuer,
        audience: GATE.audience,
        requiredClaims: ['jti', 'exp', 'sub', 'iat'],
        currentDate: now(),
        clockTolerance: lateMs / 1000,
      }).catch(() => undefined)
      return verified && { jti: verified.payload.jti, expiresAt: verified.payload.exp * 1000 }
    },
  }
}
