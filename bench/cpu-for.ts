import type { Asker, Target } from './askers.ts'
import type { Stack } from './docker-stack.ts'

const CLIENTS = 4

export interface Operation {
  readonly name: string
  readonly come: (target: Target) => Promise<Asker>
  readonly count: number
}

/** CPU time of the proxy for one operation, microseconds; an error if one is not answered 200. */
export async function cpuFor(
  { stack, target }: { readonly stack: Pick<Stack, 'cpu'>; readonly target: Target },
  { come, count }: Operation,
): Promise<number> {
  const askers = await Promise.all(Array.from({ length: CLIENTS }, () => come(target)))
  const askAll = async (times: number) => {
    const ask = async (asker: Asker) => {
      for (let i = 0; i < times; i++) {
        const { status } = await asker.ask()
        if (status !== 200) throw new Error(`A request was answered ${status}.`)
      }
    }
    await Promise.all(askers.map(ask))
  }
  await askAll(1)
  const before = await stack.cpu()
  await askAll(count / CLIENTS)
  const used = (await stack.cpu()) - before
  for (const asker of askers) asker[Symbol.dispose]()
  return used / count
}
