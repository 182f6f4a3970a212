// Tokens for the gate: rightly signed, and in every way that is not.
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { type GateKeys, generateGateKeys } from '../../pki/gate-keys.ts'

export const TOKEN_HEADER = { alg: 'ES256', kid: 'a', typ: 'JWT' }

export function encodePart(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
}

export function signToken(header: object, claims: object, key: KeyObject): string {
  const text = `${encodePart(header)}.${encodePart(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

function hmacToken(header: object, claims: object, secret: string | Buffer): string {
  const text = `${encodePart(header)}.${encodePart(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** @param good a token that passes; each forgery differs from it in what its name says */
export function forgedTokens(
  good: string,
  { a, b }: GateKeys['privateKeys'],
): Readonly<Record<string, string>> {
  const claims = claimsOf(good)
  const pem = createPublicKey(a).export({ type: 'spki', format: 'pem' })
  const der = createPublicKey(a).export({ type: 'spki', format: 'der' })
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
  const swapped = (index: number, part: string) => good.split('.').with(index, part).join('.')
  const over = (changes: object) => signToken(TOKEN_HEADER, { ...claims, ...changes }, a)
  const header = (fields: object, key = a) => signToken({ ...TOKEN_HEADER, ...fields }, claims, key)
  const hmac = (secret: string | Buffer) => hmacToken({ ...TOKEN_HEADER, alg: 'HS256' }, claims, secret)
  const signed = good.slice(0, good.lastIndexOf('.'))
  return {
    nothing: '',
    'a word': 'x',
    dots: '..',
    'two parts': signed,
    'four parts': `${good}.x`,
    'five parts': `${good}.x.y`,
    'a longer one': `${good}${'A'.repeat(4096)}`,
    'no signature': swapped(2, ''),
    'another signature': swapped(2, 'A'.repeat(86)),
    'a signature of zeros': swapped(2, Buffer.alloc(64).toString('base64url')),
    'a signature in DER': `${signed}.${sign('sha256', Buffer.from(signed), a).toString('base64url')}`,
    'claims that are no JSON': swapped(1, encodePart('x')),
    'a header that is no JSON': swapped(0, encodePart('x')),
    'other claims under the same signature': swapped(1, encodePart({ ...claims, sub: 'Eve' })),
    'alg none': `${encodePart({ ...TOKEN_HEADER, alg: 'none' })}.${good.split('.')[1]}.`,
    'alg None, signed': header({ alg: 'None' }),
    'alg es256': header({ alg: 'es256' }),
    'no alg': header({ alg: undefined }),
    'HS256 with the public key in PEM': hmac(pem),
    'HS256 with the public key in DER': hmac(der),
    'HS256 with nothing': hmac(''),
    ES384: header({ alg: 'ES384' }, p384),
    EdDSA: header({ alg: 'EdDSA' }),
    "somebody else's key": header({}, other),
    "the other place's key": header({}, b),
    'a key that is not there': header({ kid: 'c' }),
    'no kid': header({ kid: undefined }),
    'a kid that is a file': header({ kid: '../../dev/null' }),
    'a kid that is a list': header({ kid: ['a'] }),
    'a kid of every object': header({ kid: '__proto__' }),
    'a key of its own': header(
      { kid: undefined, jwk: createPublicKey(other).export({ format: 'jwk' }) },
      other,
    ),
    'a place to fetch a key from': header({ jku: 'https://evil.example/jwks' }, other),
    'expired long ago': over({ exp: Math.floor(Date.now() / 1000) - 9 * 3600 }),
    'no exp': over({ exp: undefined }),
    'another issuer': over({ iss: 'https://evil.example' }),
    'no issuer': over({ iss: undefined }),
    'another audience': over({ aud: 'external' }),
    'no audience': over({ aud: undefined }),
    'no session': over({ jti: undefined }),
    'a session in lower case': over({ jti: 'abcdef'.repeat(6).slice(0, 32) }),
    'a session that is no text': over({ jti: 1 }),
    nobody: over({ sub: undefined }),
  }
}

/** Their names, for tables of tests. */
export const FORGERIES = Object.keys(forgedTokens('e30.e30.', (await generateGateKeys()).privateKeys))
