import { createHash } from 'node:crypto'

/** One event of a chain; `record` is the canonical JSON that is hashed. */
export interface ChainLink {
  /** From 1, without a gap. */
  readonly sequence: number
  readonly record: string
  /** Upper-case hex. */
  readonly previousHash: string
  readonly hash: string
}

/** How far a chain goes: its last event. */
export type ChainHead = Pick<ChainLink, 'sequence' | 'hash'>

/** Before the first event. */
export const CHAIN_START: ChainHead = { sequence: 0, hash: '0'.repeat(64) }

export interface ChainFault {
  /** The first sequence number at which the chain does not hold. */
  readonly sequence: number
  readonly problem: string
}

export type ChainVerdict = { readonly head: ChainHead; readonly fault?: ChainFault }

/** JSON with sorted keys and no blanks, as RFC 8785: the same value is the same text. */
export function canonicalJson(value: unknown): string {
  return write(JSON.parse(JSON.stringify(value)))
}

function write(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${write(member)}`).join(',')}}`
}

/** SHA-256 of the previous hash, a line feed and the record; upper-case hex. */
export function chainHash(previousHash: string, record: string): string {
  return createHash('sha256').update(`${previousHash}\n${record}`, 'utf8').digest('hex').toUpperCase()
}

/**
 * Looks for the first event that was changed, removed or moved. A long chain is verified in pieces: `from` is where
 * the piece before ended. What is missing at the end shows only beside the head: see `verifyEnd`.
 */
export function verifyChain(events: Iterable<ChainLink>, from: ChainHead = CHAIN_START): ChainVerdict {
  let head = from
  for (const event of events) {
    const fault = faultOf(event, head)
    if (fault) return { head, fault }
    head = { sequence: event.sequence, hash: event.hash }
  }
  return { head }
}

/** Whether a chain that was verified up to `reached` is whole: nothing of it is missing before `head`. */
export function verifyEnd(reached: ChainHead, head: ChainHead): ChainFault | undefined {
  if (reached.sequence < head.sequence) return missing(reached.sequence + 1, head.sequence)
  if (reached.sequence === head.sequence && reached.hash === head.hash) return undefined
  return { sequence: head.sequence, problem: 'the head names another event than the one that is there' }
}

function faultOf(event: ChainLink, { sequence, hash }: ChainHead): ChainFault | undefined {
  const expected = sequence + 1
  if (event.sequence > expected) return missing(expected, event.sequence - 1)
  const fault = (problem: string) => ({ sequence: expected, problem })
  if (event.sequence !== expected) return fault(`event ${event.sequence} stands in its place`)
  if (event.previousHash !== hash) return fault('it does not follow from the event before it')
  if (event.hash !== chainHash(event.previousHash, event.record)) return fault('it was changed')
  if (sequenceOf(event.record) !== expected) return fault('its record is that of another event')
  return undefined
}

function missing(first: number, last: number): ChainFault {
  return {
    sequence: first,
    problem: first === last ? 'it is missing' : `it and all up to ${last} are missing`,
  }
}

function sequenceOf(record: string): unknown {
  try {
    return Object(JSON.parse(record)).sequence
  } catch {
    return undefined
  }
}
