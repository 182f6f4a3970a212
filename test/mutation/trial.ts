import { chmod, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { ProxyFront } from '../support/fronts.ts'
import { acceptsConfiguration } from './accepts-configuration.ts'
import { type Mutant, mutantsOf } from './mutants.ts'
import { cell } from './report.ts'
import { TestRunner } from './test-runner.ts'

export type ProxyName = ProxyFront['name']

export interface Killer {
  readonly file: string
  /** Its full name; none if it is the start of the stack that fails. */
  readonly test: string | undefined
}

type Outcome =
  | { readonly kind: 'killed'; readonly killer: Killer }
  | { readonly kind: 'refused' | 'survived' }
  | { readonly kind: 'excused'; readonly reason: string }

export interface Trial {
  readonly mutant: Mutant
  readonly outcome: Outcome
}

export interface TrialOptions {
  readonly proxy: ProxyName
  readonly remembered: ReadonlyMap<string, Killer>
  /** Ends the trials early, with all that was started cleared away. */
  readonly signal: AbortSignal
  onTrial(trial: Trial, done: number, total: number): void
}

/**
 * Tries every change to the files of one proxy.
 * @throws Error when a test fails without any change: then nothing that fails says anything
 */
export async function tryProxy({
  proxy,
  remembered,
  signal,
  onTrial,
}: TrialOptions): Promise<readonly Trial[]> {
  const source = join('proxy-configs', proxy)
  const mutants = await allMutants(source)
  await using folder = await copyFolder(source)
  await using runner = await TestRunner.start(proxy, folder.path)
  const trials: Trial[] = []
  for (const mutant of mutants) {
    signal.throwIfAborted()
    const hint = remembered.get(cell(mutant.change))
    const trial = { mutant, outcome: await folder.with(mutant, () => judge(mutant, runner, hint)) }
    trials.push(trial)
    onTrial(trial, trials.length, mutants.length)
  }
  return trials
}

async function allMutants(source: string): Promise<readonly Mutant[]> {
  const names = (await readdir(source)).toSorted()
  const files = names.map(async name =>
    mutantsOf(join(source, name), await readFile(join(source, name), 'utf8')),
  )
  return (await Promise.all(files)).flat()
}

async function judge(mutant: Mutant, runner: TestRunner, hint: Killer | undefined): Promise<Outcome> {
  if (mutant.excuse) return { kind: 'excused', reason: mutant.excuse.reason }
  if (!(await acceptsConfiguration(runner.setting))) return { kind: 'refused' }
  const killer = await runner.findKiller(hint)
  return killer ? { kind: 'killed', killer } : { kind: 'survived' }
}

/** A copy of a configuration in which one file at a time is another. */
async function copyFolder(source: string) {
  const path = await mkdtemp(join(tmpdir(), 'gatehouse-mutation-'))
  // The server's user reads it; mkdtemp's folders are for their owner only.
  await chmod(path, 0o755)
  await cp(source, path, { recursive: true })
  return {
    path,
    async with<Result>({ file, content }: Mutant, work: () => Promise<Result>): Promise<Result> {
      const place = join(path, basename(file))
      const original = await readFile(place)
      await writeFile(place, content)
      try {
        return await work()
      } finally {
        await writeFile(place, original)
      }
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}
