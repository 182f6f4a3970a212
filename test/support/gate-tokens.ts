import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { inject } from 'vitest'
import { type GateKeys, type GateSlot, parseGateKeys } from '../../pki/gate-keys.ts'
import { GATE } from '../../proxy-configs/gate-contract.ts'
import { signToken, TOKEN_HEADER } from './forged-tokens.ts'

/** The keys by which the application of the tests signs. */
export function gateKeys(keys: string = inject('keys')): GateKeys {
  return parseGateKeys(readFileSync(`${keys}/private/gate-keys.json`, 'utf8'))
}

export function newSession(): string {
  return randomBytes(16).toString('hex').toUpperCase()
}

/** A token as the application would have signed it for Ada Lovelace, but for what is changed; it knows of no session. */
export function gateToken(changes: object = {}, slot: GateSlot = 'a'): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    lvl: 'trusted',
    iss: GATE.issuer,
    aud: GATE.audience,
    sub: 'Ada Lovelace',
    jti: newSession(),
    iat: now,
    exp: now + 600,
    ...changes,
  }
  return signToken({ ...TOKEN_HEADER, kid: slot }, claims, gateKeys().privateKeys[slot])
}

export function gateCookie(token: string = gateToken()): readonly ['Cookie', string] {
  return ['Cookie', `${GATE.cookie}=${token}`]
}
