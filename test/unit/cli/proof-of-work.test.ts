// A challenge is solved by threads that all end, or given up in time with a reason.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { solveChallenge } from '../../../cli/proof-of-work.ts'
import { leadingZeroBits, nonceOf } from '../../../pki/proof-of-work.ts'

const now = () => new Date('2027-01-01T00:00:00Z')
const challenge = (difficulty: number, expires_at = '2027-01-01T00:10:00.000Z') =>
  ({ challenge: 'only a text', algorithm: 'SHA-256', difficulty, expires_at }) as const

function bits(nonce: string): string {
  const digest = createHash('sha256').update(`only a text:${nonce}`, 'utf8').digest()
  return [...digest].map(octet => octet.toString(2).padStart(8, '0')).join('')
}

it.each([1, 2, 3])('finds a nonce with %i workers', async workers => {
  const nonce = await solveChallenge(challenge(14), { now, workers })
  expect(nonce).toMatch(/^[0-9A-Za-z]{1,32}$/)
  expect(bits(nonce)).toMatch(/^0{14}/)
})

it('needs no work for no bits', async () => {
  expect(await solveChallenge(challenge(0), { now })).toMatch(/^[0-9a-z]$/)
})

it('says how far it is', async () => {
  const seen: number[] = []
  await solveChallenge(challenge(18), { now, workers: 2, onProgress: tried => seen.push(tried) })
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  expect(seen[0]).toBe(20_000)
})

it('gives up when the challenge has expired', async () => {
  await expect(solveChallenge(challenge(34, '2026-12-31T00:00:00.000Z'), { now })).rejects.toMatchObject({
    code: 'CHALLENGE_EXPIRED',
    message: expect.stringContaining('34 bit'),
  })
})

it('does not begin what takes days', async () => {
  await expect(solveChallenge(challenge(35), { now })).rejects.toMatchObject({ code: 'CHALLENGE_TOO_HARD' })
})

describe('in numbers', () => {
  it('counts the zero bits of a digest', () => {
    expect(leadingZeroBits(Uint8Array.of(0x80))).toBe(0)
    expect(leadingZeroBits(Uint8Array.of(0, 0x01, 0xff))).toBe(15)
    expect(leadingZeroBits(new Uint8Array(32))).toBe(256)
  })

  it('writes every counter as a nonce that is taken', () => {
    fc.assert(fc.property(fc.nat(Number.MAX_SAFE_INTEGER), n => /^[0-9A-Za-z]{1,32}$/.test(nonceOf(n))))
  })
})
