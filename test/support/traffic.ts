import { setTimeout as pause } from 'node:timers/promises'
import { person } from './ask.ts'
import { comingsTo, type Kind } from './comings.ts'
import { fateOf } from './fate.ts'
import type { Stack } from './stack.ts'

/** What somebody of whom nobody complains was answered. */
export interface Traffic {
  /** How many, by the way in which they came. */
  readonly passed: Readonly<Record<string, number>>
  /** Whatever was not let through, and why. */
  readonly failures: readonly string[]
}

// Our own choice: a load, but one that leaves a machine with two processors time for what it is a load to.
const PAUSE_MS = 20

/** Grace, who goes on asking in all ways at once while `act` runs. */
export async function trafficDuring(stack: Stack, act: () => Promise<unknown>): Promise<Traffic> {
  let isOver = false
  const failures: string[] = []
  const passed: Record<string, number> = {}

  async function goOn(kind: string, come: Kind): Promise<void> {
    using grace = await come(stack, person('grace'))
    while (!isOver) {
      for (const fate of (await grace.ask()).map(fateOf)) {
        if (fate === 'passed') passed[kind] = (passed[kind] ?? 0) + 1
        else failures.push(`${kind}: ${fate}`)
      }
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
  return { passed, failures }
}
