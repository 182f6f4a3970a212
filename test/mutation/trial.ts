import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { acceptsFiles } from './accepts-files.ts'
import { ChangedCopy } from './changed-copy.ts'
import { type Mutant, mutantsOf } from './mutants.ts'
import { cell } from './report.ts'
import { TARGETS, type Target, type TargetName } from './targets.ts'
import { TestRunner } from './test-runner.ts'

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
  readonly target: TargetName
  readonly remembered: ReadonlyMap<string, Killer>
  /** Ends the trials early, with all that was started cleared away. */
  readonly signal: AbortSignal
  onTrial(trial: Trial, done: number, total: number): void
}

/**
 * Tries every change to the files of one target.
 * @throws Error when a test fails without any change: then nothing that fails says anything
 */
export async function tryTarget(options: TrialOptions): Promise<readonly Trial[]> {
  const target: Target = TARGETS[options.target]
  const mutants = await allMutants(target)
  await using copy = await ChangedCopy.make(target)
  await using runner = await TestRunner.start(target, copy.mounted)
  const trials: Trial[] = []
  for (const mutant of mutants) {
    options.signal.throwIfAborted()
    const hint = options.remembered.get(cell(mutant.change))
    const trial = { mutant, outcome: await copy.with(mutant, () => judge(mutant, runner, hint)) }
    trials.push(trial)
    options.onTrial(trial, trials.length, mutants.length)
  }
  return trials
}

async function allMutants({ folder, files }: Target): Promise<readonly Mutant[]> {
  const paths = files.map(file => join(folder, file))
  const found = paths.map(async path => mutantsOf(path, await readFile(path, 'utf8')))
  return (await Promise.all(found)).flat()
}

async function judge(mutant: Mutant, runner: TestRunner, hint: Killer | undefined): Promise<Outcome> {
  if (mutant.excuse) return { kind: 'excused', reason: mutant.excuse.reason }
  if (!(await acceptsFiles(runner.setting))) return { kind: 'refused' }
  const killer = await runner.findKiller(hint)
  return killer ? { kind: 'killed', killer } : { kind: 'survived' }
}
