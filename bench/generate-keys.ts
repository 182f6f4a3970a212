import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { $, echo } from 'zx'
import { median } from './median.ts'

// How long a person waits for generate-keys with RSA-2048, start of the program included, and how long for the openssl
// command line doing the same. Runs are interleaved, in reversed order every second round, because machines are noisy.

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '11' } } })
const root = join(import.meta.dirname, '..')
const quiet = $({ quiet: true, cwd: root })

const CONTENDERS: Readonly<Record<string, (dir: string) => PromiseLike<unknown>>> = {
  'generate-keys': dir =>
    quiet`${process.execPath} scripts/generate-keys.ts --keys ${dir} --key-type rsa-2048`,
  openssl: dir => quiet`sh bench/generate-keys.sh ${dir}`,
  'openssl, keys in parallel': dir => quiet`sh bench/generate-keys.sh ${dir} parallel`,
}

async function measure(run: (dir: string) => PromiseLike<unknown>): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'))
  const start = performance.now()
  await run(join(folder, 'keys'))
  const milliseconds = performance.now() - start
  await rm(folder, { recursive: true })
  return milliseconds
}

const times = new Map(Object.keys(CONTENDERS).map(name => [name, [] as number[]]))
for (let round = 0; round < Number(values.rounds); round++) {
  const order = Object.entries(CONTENDERS)
  for (const [name, run] of round % 2 === 0 ? order : order.toReversed())
    times.get(name)?.push(await measure(run))
}

const own = median(times.get('generate-keys') ?? [])
echo(`RSA-2048, ${values.rounds} rounds, median wall clock`)
for (const [name, all] of times) {
  const middle = median(all)
  const range = `${Math.min(...all).toFixed(0)} to ${Math.max(...all).toFixed(0)}`
  echo(
    `  ${name.padEnd(26)} ${middle.toFixed(0).padStart(6)} ms (${range})  ratio ${(own / middle).toFixed(2)}`,
  )
}
process.exitCode = own <= median(times.get('openssl') ?? []) ? 0 : 1
