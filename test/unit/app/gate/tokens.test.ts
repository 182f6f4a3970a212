// Promise: no token opens anything but one that the application has signed, for this purpose, and not too long ago.
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GateKeys, generateGateKeys } from '../../../../pki/gate-keys.ts'
import { claimsOf, FORGERIES, forgedTokens, signToken, TOKEN_HEADER } from '../../../support/forged-tokens.ts'
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

function headerOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
}

/** What the application makes of it, where it is asked and where sessions go on. */
async function opens(token: string): Promise<readonly boolean[]> {
  const headers = withCookie(`__Host-gatehouse=${token}`)
  const login = await lab.get('/_auth/login?url=/internal/', { ...headers, ...PAGE })
  return [(await lab.get('/_auth/verify', headers)).status === 200, login.status === 303]
}

describe('passes', () => {
  it('what the application has signed', async () => {
    expect(await opens(good)).toEqual([true, true])
  })

  it('the same, signed here with the same keys: so that what follows fails for its reason only', async () => {
    expect(await opens(signToken(TOKEN_HEADER, claimsOf(good), a))).toEqual([true, true])
    expect(await opens(signToken({ ...TOKEN_HEADER, kid: 'b' }, claimsOf(good), b))).toEqual([true, true])
  })
})

describe('does not pass', () => {
  const over = (claims: object) => signToken(TOKEN_HEADER, { ...claimsOf(good), ...claims }, a)
  /** What only the application looks at, which alone can have signed it. */
  const forApplication = {
    'an extension that nobody knows': () =>
      signToken({ ...TOKEN_HEADER, crit: ['x'], x: 1 }, claimsOf(good), a),
    'not good yet': () => over({ nbf: Math.floor(Date.now() / 1000) + 100_000 }),
    'an exp that is text': () => over({ exp: '9999999999' }),
    'a session that is not there': () => over({ jti: '0'.repeat(32) }),
    'a challenge for a proof of work': async () => (await lab.get('/register/challenge')).body.challenge,
  }

  it.each(FORGERIES)('%s', async name => {
    const token = forgedTokens(good, GATE_KEYS.privateKeys)[name] ?? ''
    expect(await opens(token)).toEqual([false, false])
  })

  it.each(Object.entries(forApplication))('%s', async (_, forge) => {
    expect(await opens(await forge())).toEqual([false, false])
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
    expect(headerOf(token)).toMatchObject({ kid: 'b' })
    const old = await new SignJWT(claimsOf(token)).setProtectedHeader(TOKEN_HEADER).sign(a)
    expect(await lab.verify(`__Host-gatehouse=${old}`)).toBe(200)
  })

  it('a session from before is renewed with the new one', async () => {
    await using lab = await gateLab({ config: { keys: after } })
    const known = await lab.invited('Ada')
    const claims = claimsOf(known.cookie.split('=')[1] ?? '')
    const old = await new SignJWT(claims).setProtectedHeader(TOKEN_HEADER).sign(a)
    lab.clock.pass(601 * SECOND)
    const answer = await lab.get('/_auth/login?url=/internal/', {
      ...withCookie(`__Host-gatehouse=${old}`),
      ...PAGE,
    })
    expect(headerOf(cookieOf(answer).split('=')[1] ?? '')).toMatchObject({ kid: 'b' })
  })

  it('a token of a key that is not there any more is none', async () => {
    const { privateKeys } = await generateGateKeys()
    await using lab = await gateLab({ config: { keys: { ...after, privateKeys: { ...privateKeys, b } } } })
    const known = await lab.invited('Ada')
    const old = await new SignJWT(claimsOf(known.cookie.split('=')[1] ?? ''))
      .setProtectedHeader(TOKEN_HEADER)
      .sign(a)
    expect(await lab.verify(`__Host-gatehouse=${old}`)).toBe(401)
    expect(await lab.verify(known.cookie)).toBe(200)
  })
})
