// Promise: a chain shows where an event was changed, removed, moved or added, and what is wrong there.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CHAIN_START,
  type ChainLink,
  canonicalJson,
  chainHash,
  verifyChain,
  verifyEnd,
} from '../../../pki/hash-chain.ts'

function chain(length: number, from = CHAIN_START): ChainLink[] {
  const links: ChainLink[] = []
  let { sequence, hash: previousHash } = from
  while (links.length < length) {
    sequence++
    const record = canonicalJson({ sequence, event: 'TEST', at: 1_000 + sequence })
    const hash = chainHash(previousHash, record)
    links.push({ sequence, record, previousHash, hash })
    previousHash = hash
  }
  return links
}

describe('canonical JSON', () => {
  it.each([
    [
      { b: 1, a: [{ d: null, c: 'é' }], A: 1.5, '': 0, undefined },
      '{"":0,"A":1.5,"a":[{"c":"é","d":null}],"b":1}',
    ],
    [{ 10: 'a', 9: 'b', b: {}, a: [] }, '{"10":"a","9":"b","a":[],"b":{}}'],
    ['\n"\u2028\ud800', '"\\n\\"\u2028\\ud800"'],
  ])('of %j', (value, text) => {
    expect(canonicalJson(value)).toBe(text)
  })

  it('is the same whatever the order of the members, and says the same', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), value => {
        const reversed = Object.fromEntries(Object.entries(value).reverse())
        expect(canonicalJson(reversed)).toBe(canonicalJson(value))
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})

describe('the hash', () => {
  it('is SHA-256 of the previous hash, a line feed and the record', () => {
    // printf '%064d\n{"a":"é"}' 0 | sha256sum
    expect(chainHash(CHAIN_START.hash, '{"a":"é"}')).toBe(KNOWN)
  })
})

const KNOWN = '6068D9D0ED366959DA9C4E710AB356526D2235BD0ED5F3D0E22F86AC2CB30FA2'

describe('a chain', () => {
  const links = chain(5)

  it('holds, whole and in pieces', () => {
    const head = { sequence: 5, hash: links[4]?.hash }
    expect(verifyChain(links)).toEqual({ head })
    expect(verifyChain([])).toEqual({ head: CHAIN_START })
    const first = verifyChain(links.slice(0, 2))
    expect(verifyChain(links.slice(2), first.head)).toEqual({ head })
  })

  const changed = links.map(link => ({ ...link, record: link.record.replace('TEST', 'LIES') }))
  const third = links[2] as ChainLink
  const forged = chain(5).map(link => ({ ...link }))
  const rehashed = { ...third, record: changed[2]?.record ?? '' }
  const moved = { ...third, record: links[3]?.record ?? '' }

  it.each<[string, readonly (ChainLink | undefined)[], number, string]>([
    ['changed', links.with(2, changed[2] as ChainLink), 3, 'it was changed'],
    [
      'changed, with the right hash',
      links.with(2, { ...rehashed, hash: chainHash(rehashed.previousHash, rehashed.record) }),
      4,
      'it does not follow from the event before it',
    ],
    ['another hash', links.with(2, { ...third, hash: '0'.repeat(64) }), 3, 'it was changed'],
    ['removed', links.toSpliced(2, 1), 3, 'it is missing'],
    ['removed with others', links.toSpliced(1, 3), 2, 'it and all up to 4 are missing'],
    ['removed at the start', links.slice(2), 1, 'it and all up to 2 are missing'],
    ['moved', [links[0], links[2], links[1], links[3]], 2, 'it is missing'],
    ['repeated', [...links.slice(0, 3), ...links.slice(2)], 4, 'event 3 stands in its place'],
    [
      'removed, and the rest numbered anew',
      forged.toSpliced(2, 1).map((link, index) => ({ ...link, sequence: index + 1 })),
      3,
      'it does not follow from the event before it',
    ],
    [
      'under the record of another',
      links.with(2, { ...moved, hash: chainHash(moved.previousHash, moved.record) }),
      3,
      'its record is that of another event',
    ],
    [
      'with a record that is no JSON',
      links.with(0, { ...(links[0] as ChainLink), record: 'x', hash: chainHash(CHAIN_START.hash, 'x') }),
      1,
      'its record is that of another event',
    ],
  ])('shows an event that was %s', (_how, events, sequence, problem) => {
    const verdict = verifyChain(events as ChainLink[])
    expect(verdict.fault).toEqual({ sequence, problem })
    expect(verdict.head.sequence).toBeLessThan(sequence)
  })

  it('shows what is missing at the end, and another end', () => {
    const [head, earlier] = [verifyChain(links).head, verifyChain(links.slice(0, 3)).head]
    expect(verifyEnd(head, head)).toBeUndefined()
    expect(verifyEnd(earlier, head)).toEqual({ sequence: 4, problem: 'it and all up to 5 are missing' })
    const other = { sequence: 5, problem: 'the head names another event than the one that is there' }
    expect(verifyEnd(head, { ...head, hash: '0'.repeat(64) })).toEqual(other)
    expect(verifyEnd(head, earlier)).toEqual({ ...other, sequence: 3 })
  })

  it('shows any one member of any one event that is another', () => {
    const members = ['sequence', 'record', 'previousHash', 'hash'] as const
    fc.assert(
      fc.property(fc.nat(4), fc.constantFrom(...members), fc.string(), (index, member, value) => {
        const link = links[index] as ChainLink
        fc.pre(link[member] !== value)
        expect(verifyChain(links.with(index, { ...link, [member]: value })).fault).toBeDefined()
      }),
    )
  })
})
