// Promise: a challenge is good once, here, for what it was made for, for ten minutes, and with the work done.
import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Challenges, createChallenges } from '../../../../app/authority/challenge.ts'
import { AppError } from '../../../../app/errors.ts'
import { openStore } from '../../../../app/store/open-store.ts'
import type { Store } from '../../../../app/store/store.ts'
import { solve } from '../api-lab.ts'

const BITS = 4
let store: Store
let time: number
const now = () => new Date(time)
let challenges: Challenges
beforeAll(async () => {
  time = Date.parse('2026-01-01T00:00:00.500Z')
  store = await openStore({ url: 'sqlite::memory:', now })
  challenges = createChallenges(store, BITS, now)
})
afterAll(() => store[Symbol.asyncDispose]())

async function solved() {
  const { challenge, difficulty } = await challenges.create('register')
  return { challenge, nonce: solve(challenge, difficulty) }
}

/** The code with which it was refused, or `undefined`. */
async function codeOf(spending: Promise<void>): Promise<string | undefined> {
  try {
    await spending
    return undefined
  } catch (error) {
    if (error instanceof AppError) return error.code
    throw error
  }
}
const spend = (proof: { challenge: string; nonce: string }) => codeOf(challenges.spend('register', proof))

const key = async () => Buffer.from(await store.settings.ensure('challenge-key', ''), 'base64url')
const claims = { bits: 0, jti: 'a', exp: 4_000_000_000, aud: 'register' }
const hs256 = async (payload: object, withKey?: Uint8Array) =>
  await new SignJWT({ ...payload }).setProtectedHeader({ alg: 'HS256' }).sign(withKey ?? (await key()))

describe('refused', () => {
  it.each([
    ['nothing', async () => ''],
    ['noise', async () => 'a.b.c'],
    ['one without signature', async () => new UnsecuredJWT({ ...claims }).encode()],
    ['one of another key', () => hs256(claims, Buffer.alloc(32))],
    [
      'one of the empty key',
      async () => `${handmade('HS256', claims)}.${sign(handmade('HS256', claims), '')}`,
    ],
    ['one for something else', () => hs256({ ...claims, aud: 'gate' })],
    ['one for nothing', () => hs256({ ...claims, aud: undefined })],
    ['one that never expires', () => hs256({ ...claims, exp: undefined })],
    ['one without a number of its own', () => hs256({ ...claims, jti: undefined })],
    ['one without a difficulty', () => hs256({ ...claims, bits: undefined })],
    [
      'one of another algorithm',
      async () => {
        const signed = handmade('HS512', claims)
        return `${signed}.${createHmac('sha512', await key())
          .update(signed)
          .digest('base64url')}`
      },
    ],
    [
      'one with its payload changed',
      async () => {
        const [head = '', , tail = ''] = (await solved()).challenge.split('.')
        return [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), tail].join('.')
      },
    ],
    ['one of which a part was cut off', async () => (await solved()).challenge.slice(0, -1)],
  ])('%s', async (_, make) => {
    const challenge = await make()
    expect(await spend({ challenge, nonce: solve(challenge, BITS) })).toBe('CHALLENGE_INVALID')
  })

  it.each([
    ['none', ''],
    ['one that is too long', '0'.repeat(33)],
    ['one with a blank', '1 2'],
    ['one with a line feed', '12\n'],
    ['one that has not done the work', undefined],
  ])('with a nonce that is wrong: %s', async (_, nonce) => {
    const { challenge } = await challenges.create('register')
    expect(await spend({ challenge, nonce: nonce ?? unsolved(challenge) })).toBe('PROOF_OF_WORK_WRONG')
    // It is not used up by that.
    expect(await spend({ challenge, nonce: solve(challenge, BITS) })).toBeUndefined()
  })

  it('after ten minutes', async () => {
    const proof = await solved()
    const start = time
    time = start + 600_000
    expect(await spend(proof)).toBe('CHALLENGE_EXPIRED')
    time = start + 599_000
    expect(await spend(proof)).toBeUndefined()
    time = start
  })

  it('the second time, also written otherwise and after what is spent is cleared up', async () => {
    const proof = await solved()
    expect(await spend(proof)).toBeUndefined()
    expect(await spend(proof)).toBe('CHALLENGE_SPENT')
    await store.once.forget(time)
    expect(await spend(proof)).toBe('CHALLENGE_SPENT')
    for (const challenge of sameSignature(proof.challenge)) {
      expect(await spend({ challenge, nonce: solve(challenge, BITS) })).toMatch(/^CHALLENGE_(SPENT|INVALID)$/)
    }
  })

  it('all but one of twenty at once', async () => {
    const proof = await solved()
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => spend(proof)))
    expect(outcomes.filter(code => code === undefined)).toHaveLength(1)
    expect(outcomes.filter(code => code === 'CHALLENGE_SPENT')).toHaveLength(19)
  })

  it('whatever else a caller may write, with a code', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.tuple(fc.base64String(), fc.base64String(), fc.base64String()).map(parts => parts.join('.')),
      fc.json().map(json => `${Buffer.from(json).toString('base64url')}.e30.`),
      fc.constantFrom('..', '.', 'null', '....', 'eyJhbGciOiJub25lIn0.e30.'),
    )
    await fc.assert(
      fc.asyncProperty(text, fc.string({ unit: 'binary', maxLength: 40 }), async (challenge, nonce) => {
        expect(await spend({ challenge, nonce })).toBe('CHALLENGE_INVALID')
      }),
    )
    const { challenge } = await challenges.create('register')
    const wrong = fc.string({ unit: 'binary' }).filter(nonce => !/^[0-9A-Za-z]{1,32}$/.test(nonce))
    await fc.assert(
      fc.asyncProperty(wrong, async nonce => {
        expect(await spend({ challenge, nonce })).toBe('PROOF_OF_WORK_WRONG')
      }),
    )
  })
})

describe('the difficulty', () => {
  async function difficultyAfter(registrations: number, base = 16): Promise<number> {
    await using other = await openStore({ url: 'sqlite::memory:', now })
    for (let i = 0; i < registrations; i += 1) await other.once.spend(`register:${i}`, time)
    return (await createChallenges(other, base, now).create('register')).difficulty
  }

  it('rises by a bit with every doubling of a flood', async () => {
    const found = []
    for (const registrations of [0, 29, 30, 59, 60, 120, 480])
      found.push(await difficultyAfter(registrations))
    expect(found).toEqual([16, 16, 17, 17, 18, 19, 21])
  })

  it('is never above 32', async () => {
    expect(await difficultyAfter(480, 28)).toBe(32)
    expect(await difficultyAfter(960, 28)).toBe(32)
  })

  it('falls again after a minute, and other things that are done once do not count', async () => {
    await using other = await openStore({ url: 'sqlite::memory:', now })
    for (let i = 0; i < 100; i += 1) await other.once.spend(`REGISTER:${i}`, time)
    const made = createChallenges(other, 8, now)
    expect((await made.create('register')).difficulty).toBe(8)
    for (let i = 0; i < 100; i += 1) await other.once.spend(`register:${i}`, time)
    expect((await made.create('register')).difficulty).toBe(10)
    time += 60_001
    expect((await made.create('register')).difficulty).toBe(8)
  })

  it('is part of the challenge: who had an easy one keeps it, who has a hard one cannot say otherwise', async () => {
    const easy = await solved()
    for (let i = 0; i < 60; i += 1) await store.once.spend(`register:flood-${i}`, time)
    expect((await challenges.create('register')).difficulty).toBeGreaterThan(BITS)
    expect(await spend(easy)).toBeUndefined()
  })
})

it('a challenge of one process is good in another on the same store', async () => {
  const { challenge, difficulty } = await createChallenges(store, BITS, now).create('register')
  expect(await spend({ challenge, nonce: solve(challenge, difficulty) })).toBeUndefined()
})

it('a store that is away at the start is asked again', async () => {
  let isAway = true
  const ensure: Store['settings']['ensure'] = async (name, value) => {
    if (isAway) throw new AppError('STORE_UNAVAILABLE', 'away')
    return await store.settings.ensure(name, value)
  }
  const made = createChallenges({ ...store, once: store.once, settings: { ensure } }, BITS, now)
  await expect(made.create('register')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  isAway = false
  const { challenge, difficulty } = await made.create('register')
  expect(await spend({ challenge, nonce: solve(challenge, difficulty) })).toBeUndefined()
})

function handmade(alg: string, payload: object): string {
  return [{ alg }, payload].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
}

function sign(text: string, withKey: string): string {
  return createHmac('sha256', withKey).update(text).digest('base64url')
}

function unsolved(challenge: string): string {
  for (let nonce = 0; ; nonce += 1) {
    const digest = createHash('sha256').update(`${challenge}:${nonce}`).digest()
    if (Math.clz32(digest.readUInt32BE()) < BITS) return String(nonce)
  }
}

/** The last character of 43 that encode 32 octets has two bits that decoders may ignore. */
function sameSignature(challenge: string): string[] {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(challenge.at(-1) ?? '')
  return [1, 2, 3].map(extra => challenge.slice(0, -1) + alphabet[(last & ~3) | ((last + extra) & 3)])
}
