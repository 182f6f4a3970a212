import { setTimeout as pause } from 'node:timers/promises'
import { person } from './ask.ts'
import { comingsTo, type Kind } from './comings.ts'
import { fateOf } from './fate.ts'
import type { Stack } from './stack.ts'

/** What somebody nobody complains about was answered. */
export interface Traffic {
  readonly requests: number
  /** Whatever was not let through, and why. */
  readonly failures: readonly string[]
}

// Our own choice: a load, but one that leaves a machine with two processors time for what it is a load to.
const PAUSE_MS = 20

/** Grace, who goes on asking in all ways at once while `act` runs. */
export async function trafficDuring(stack: Stack, act: () => Promise<unknown>): Promise<Traffic> {
  let isOver = false
  const failures: string[] = []
  let requests = 0

  async function goOn(kind: string, come: Kind): Promise<void> {
    using grace = await come(stack, person('grace'))
    while (!isOver) {
      const fates = (await grace.ask()).map(fateOf)
      requests += fates.length
      failures.push(...fates.filter(fate => fate !== 'passed').map(fate => `${kind}: ${fate}`))
      await pause(PAUSE_MS)
    }
  }

  const all = comingsTo(stack.front).map(([kind, come]) =>
    goOn(kind, come).catch(error => void failures.push(`${kind}: ${error}`)),
  )
  await act().finally(() => {
    isOver = true
  })
  await Promise.all(all)
  return { requests, failures }
}
