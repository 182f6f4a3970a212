import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { PkiError } from './errors.ts'
import { generateKey } from './key-type.ts'

/**
 * The places of the two key pairs, and what a token says in `kid`. Two, because a proxy loads its public keys when it
 * starts: while one signs, the other can be replaced.
 */
export const GATE_SLOTS = ['a', 'b'] as const
export type GateSlot = (typeof GATE_SLOTS)[number]

/**
 * Our own choice, the most that the application takes as a setting: so long after a switch, no session has a token of
 * the key that signed before.
 */
export const LONGEST_GATE_SESSION_HOURS = 24

/** The keys that sign the tokens of the gate, ES256. */
export interface GateKeys {
  /** The one that signs; both verify. */
  readonly active: GateSlot
  /** When it became so; `null`: from the beginning. */
  readonly switchedAt: Date | null
  /** Whether the other was replaced since, for the next switch. */
  readonly isPrepared: boolean
  readonly privateKeys: Readonly<Record<GateSlot, KeyObject>>
}

export async function generateGateKey(): Promise<KeyObject> {
  return (await generateKey('ec-p256')).privateKey
}

export async function generateGateKeys(): Promise<GateKeys> {
  const [a, b] = await Promise.all([generateGateKey(), generateGateKey()])
  return { active: 'a', switchedAt: null, isPrepared: false, privateKeys: { a, b } }
}

export function otherSlot({ active }: GateKeys): GateSlot {
  return active === 'a' ? 'b' : 'a'
}

/** Subject public key info in PEM. */
export function gatePublicKeyPem({ privateKeys }: GateKeys, slot: GateSlot): string {
  return createPublicKey(privateKeys[slot]).export({ type: 'spki', format: 'pem' }).toString()
}

/** A JWK set (RFC 7517 section 5) with members of ours that say which key is in use: one file, replaced as a whole. */
export function encodeGateKeys({ active, switchedAt, isPrepared, privateKeys }: GateKeys): string {
  const keys = GATE_SLOTS.map(kid => ({ ...privateKeys[kid].export({ format: 'jwk' }), kid, alg: 'ES256' }))
  return `${JSON.stringify({ active, switched_at: switchedAt, prepared: isPrepared, keys }, null, 2)}\n`
}

/** @throws PkiError KEY_MALFORMED */
export function parseGateKeys(text: string): GateKeys {
  try {
    const { active, switched_at, prepared, keys } = JSON.parse(text)
    if (!GATE_SLOTS.includes(active)) throw new RangeError(`"${active}" is no slot`)
    return {
      active,
      switchedAt: switched_at === null ? null : parseDate(switched_at),
      isPrepared: prepared === true,
      privateKeys: { a: parseKey(keys, 'a'), b: parseKey(keys, 'b') },
    }
  } catch (cause) {
    throw new PkiError('KEY_MALFORMED', 'It is not a JWK set with the two private keys of the gate.', {
      cause,
    })
  }
}

function parseDate(text: unknown): Date {
  const date = new Date(String(text))
  if (Number.isNaN(date.getTime())) throw new RangeError('the time of the last switch is none')
  return date
}

function parseKey(keys: readonly (JsonWebKey & { readonly kid?: unknown })[], slot: GateSlot): KeyObject {
  const [jwk, ...others] = keys.filter(({ kid }) => kid === slot)
  if (!jwk || others.length > 0) throw new RangeError(`there is not one key "${slot}"`)
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key
  throw new RangeError(`key "${slot}" is not of P-256`)
}
