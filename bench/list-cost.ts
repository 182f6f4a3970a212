import { anew, keeping, type Target } from './askers.ts'
import { cpuFor, type Operation } from './cpu-for.ts'
import type { Stack } from './docker-stack.ts'
import { median } from './median.ts'

/** CPU time of the proxy for one operation, microseconds. */
export interface Cost {
  readonly operation: string
  readonly short: number
  readonly long: number
  readonly ratio: number
}

// Our own choices: about a second of the proxy's time in all rounds together, from as many clients as nginx has workers and more.
const OPERATIONS: readonly Operation[] = [
  { name: 'request on an open connection', come: keeping, count: 2000 },
  { name: 'full handshake and request', come: anew, count: 240 },
]

/** Whom it is measured with: a proxy with a list of that length, and a client of it. */
export interface Contender {
  readonly length: 'short' | 'long'
  readonly stack: Pick<Stack, 'cpu'>
  readonly target: Target
}

/** The two by turns, in reversed order every second round. */
export async function listCost(contenders: readonly Contender[], rounds: number): Promise<readonly Cost[]> {
  const all: Cost[] = []
  for (const operation of OPERATIONS) {
    const used = { short: [] as number[], long: [] as number[] }
    for (let round = 0; round < rounds; round++)
      for (const contender of round % 2 === 0 ? contenders : contenders.toReversed())
        used[contender.length].push(await cpuFor(contender, operation))
    const [short, long] = [median(used.short), median(used.long)]
    all.push({ operation: operation.name, short, long, ratio: long / short })
  }
  return all
}
