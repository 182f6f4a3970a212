// Promise: no token opens anything but one that the application has signed, for this purpose, and not too long ago.
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GateKeys, generateGateKeys } from '../../../../pki/gate-keys.ts'
import { NOBODY } from '../api-lab.ts'
import {
  type Account,
  cookieOf,
  GATE_KEYS,
  type GateLab,
  gateLab,
  PAGE,
  SECOND,
  withCookie,
} from './gate-lab.ts'

let lab: GateLab
let ada: Account
let good: string
beforeAll(async () => {
  lab = await gateLab()
  ada = await lab.invited('Ada Lovelace')
  good = ada.cookie.slice(ada.cookie.indexOf('=') + 1)
})
afterAll(() => lab[Symbol.asyncDispose]())

const { a, b } = GATE_KEYS.privateKeys
const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const parts = (token: string) => token.split('.').map(part => Buffer.from(part, 'base64url').toString())
const claimsOf = (token: string) => JSON.parse(parts(token)[1] ?? '')

function signed(header: object, claims: object, key: KeyObject = a): string {
  const text = `${encode(header)}.${encode(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

function hmacSigned(header: object, claims: object, secret: string | Buffer): string {
  const text = `${encode(header)}.${encode(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** What the application makes of it, where it is asked and where sessions go on. */
async function opens(token: string): Promise<readonly boolean[]> {
  const headers = withCookie(`__Host-gatehouse=${token}`)
  const login = await lab.get('/_auth/login?url=/internal/', { ...headers, ...PAGE })
  return [(await lab.get('/_auth/verify', headers)).status === 200, login.status === 303]
}

const HEADER = { alg: 'ES256', kid: 'a', typ: 'JWT' }

describe('passes', () => {
  it('what the application has signed', async () => {
    expect(await opens(good)).toEqual([true, true])
  })

  it('the same, signed here with the same keys: so that what follows fails for its reason only', async () => {
    expect(await opens(signed(HEADER, claimsOf(good)))).toEqual([true, true])
    expect(await opens(signed({ ...HEADER, kid: 'b' }, claimsOf(good), b))).toEqual([true, true])
  })
})

describe('does not pass', () => {
  const pem = createPublicKey(a).export({ type: 'spki', format: 'pem' })
  const der = createPublicKey(a).export({ type: 'spki', format: 'der' })
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
  const over = (claims: object) => () => signed(HEADER, { ...claimsOf(good), ...claims })
  const header = (fields: object, key?: KeyObject) => () =>
    signed({ ...HEADER, ...fields }, claimsOf(good), key)
  const without = (name: string) => () => {
    const { [name]: _, ...rest } = claimsOf(good)
    return signed(HEADER, rest)
  }
  const swapped = (index: number, part: string) => () => good.split('.').with(index, part).join('.')

  const FORGERIES: readonly (readonly [string, () => string])[] = [
    ['nothing', () => ''],
    ['a word', () => 'x'],
    ['two parts', () => good.split('.').slice(0, 2).join('.')],
    ['four parts', () => `${good}.x`],
    ['dots', () => '..'],
    ['no signature', swapped(2, '')],
    ['another signature', swapped(2, 'A'.repeat(86))],
    ['a signature of zeros', swapped(2, Buffer.alloc(64).toString('base64url'))],
    [
      'a signature in DER',
      () => {
        const text = good.split('.').slice(0, 2).join('.')
        return `${text}.${sign('sha256', Buffer.from(text), a).toString('base64url')}`
      },
    ],
    ['claims that are no JSON', swapped(1, encode('x'))],
    ['a header that is no JSON', swapped(0, encode('x'))],
    [
      'other claims under the same signature',
      () =>
        good
          .split('.')
          .with(1, encode({ ...claimsOf(good), sub: 'Eve' }))
          .join('.'),
    ],
    ['alg none', () => `${encode({ ...HEADER, alg: 'none' })}.${good.split('.')[1]}.`],
    ['alg None, signed', header({ alg: 'None' })],
    ['alg es256', header({ alg: 'es256' })],
    ['no alg', header({ alg: undefined })],
    ['HS256 with the public key in PEM', () => hmacSigned({ ...HEADER, alg: 'HS256' }, claimsOf(good), pem)],
    ['HS256 with the public key in DER', () => hmacSigned({ ...HEADER, alg: 'HS256' }, claimsOf(good), der)],
    ['HS256 with nothing', () => hmacSigned({ ...HEADER, alg: 'HS256' }, claimsOf(good), '')],
    ['ES384', header({ alg: 'ES384' }, p384)],
    ['EdDSA', header({ alg: 'EdDSA' })],
    ["somebody else's key", header({}, other)],
    ["the other place's key", header({}, b)],
    ['a key that is not there', header({ kid: 'c' })],
    ['no kid', header({ kid: undefined })],
    ['a kid that is a file', header({ kid: '../../dev/null' })],
    ['a kid that is a list', header({ kid: ['a'] })],
    ['a kid of every object', header({ kid: '__proto__' })],
    [
      'a key of its own',
      header({ kid: undefined, jwk: createPublicKey(other).export({ format: 'jwk' }) }, other),
    ],
    ['a place to fetch a key from', header({ jku: 'https://evil.example/jwks' }, other)],
    ['an extension that nobody knows', header({ crit: ['x'], x: 1 })],
    ['expired long ago', over({ exp: Math.floor(Date.now() / 1000) - 9 * 3600 })],
    ['no exp', without('exp')],
    ['an exp that is text', over({ exp: '9999999999' })],
    ['another issuer', over({ iss: 'https://evil.example' })],
    ['no issuer', without('iss')],
    ['another audience', over({ aud: 'external' })],
    ['no audience', without('aud')],
    ['not good yet', over({ nbf: Math.floor(Date.now() / 1000) + 100_000 })],
    ['no session', without('jti')],
    ['a session that is not there', over({ jti: '0'.repeat(32) })],
    [
      'a session in lower case',
      () => signed(HEADER, { ...claimsOf(good), jti: claimsOf(good).jti.toLowerCase() }),
    ],
    ['a session that is no text', over({ jti: 1 })],
    ['nobody', without('sub')],
    ['a challenge for a proof of work', () => challenge],
    ['a longer one', () => `${good}${'A'.repeat(4096)}`],
  ]
  let challenge: string
  beforeAll(async () => {
    challenge = (await lab.get('/register/challenge')).body.challenge
  })

  it.each(FORGERIES)('%s', async (_, forge) => {
    expect(await opens(forge())).toEqual([false, false])
  })

  it('as a cookie that is not a token at all', async () => {
    for (const text of ['%', '"', '\u00ff', 'a b', '🙂'.repeat(3)]) {
      const headers = { ...NOBODY, Cookie: `__Host-gatehouse=${Buffer.from(text).toString('latin1')}` }
      expect((await lab.get('/_auth/verify', headers)).status).toBe(401)
    }
  })
})

describe('when the key is replaced', () => {
  const after: GateKeys = { ...GATE_KEYS, active: 'b' }

  it('the other one signs, and tokens of both are good', async () => {
    await using lab = await gateLab({ config: { keys: after } })
    const known = await lab.invited('Ada')
    const token = known.cookie.split('=')[1] ?? ''
    expect(JSON.parse(parts(token)[0] ?? '')).toMatchObject({ kid: 'b' })
    const old = await new SignJWT(claimsOf(token)).setProtectedHeader(HEADER).sign(a)
    expect(await lab.verify(`__Host-gatehouse=${old}`)).toBe(200)
  })

  it('a session from before is renewed with the new one', async () => {
    await using lab = await gateLab({ config: { keys: after } })
    const known = await lab.invited('Ada')
    const claims = claimsOf(known.cookie.split('=')[1] ?? '')
    const old = await new SignJWT(claims).setProtectedHeader(HEADER).sign(a)
    lab.clock.pass(601 * SECOND)
    const answer = await lab.get('/_auth/login?url=/internal/', {
      ...withCookie(`__Host-gatehouse=${old}`),
      ...PAGE,
    })
    expect(JSON.parse(parts(cookieOf(answer).split('=')[1] ?? '')[0] ?? '')).toMatchObject({ kid: 'b' })
  })

  it('a token of a key that is not there any more is none', async () => {
    const { privateKeys } = await generateGateKeys()
    await using lab = await gateLab({ config: { keys: { ...after, privateKeys: { ...privateKeys, b } } } })
    const known = await lab.invited('Ada')
    const old = await new SignJWT(claimsOf(known.cookie.split('=')[1] ?? ''))
      .setProtectedHeader(HEADER)
      .sign(a)
    expect(await lab.verify(`__Host-gatehouse=${old}`)).toBe(401)
    expect(await lab.verify(known.cookie)).toBe(200)
  })
})
