import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { acceptsFiles } from './accepts-files.ts'
import { ChangedCopy } from './changed-copy.ts'
import { type Mutant, mutantsOf } from './mutants.ts'
import { cell, writeReport } from './report.ts'
import { TARGETS, type Target, type TargetName } from './targets.ts'
import { TestRunner } from './test-runner.ts'

export interface Killer {
  readonly file: string
  /** Its full name; none if it is the start of the stack that fails. */
  readonly test: string | undefined
}

export type Outcome =
  | { readonly kind: 'killed'; readonly killer: Killer }
  | { readonly kind: 'refused' | 'survived' }
  | { readonly kind: 'excused'; readonly reason: string }
  /** Not yet in this run; who noticed it before. */
  | { readonly kind: 'open'; readonly killer: Killer | undefined }

export interface Trial {
  readonly mutant: Mutant
  readonly outcome: Outcome
}

export interface TrialOptions {
  readonly target: TargetName
  /** What came of each change the last time, by its text. */
  readonly before: ReadonlyMap<string, Outcome>
  /** What was noticed the last time is not tried again. */
  readonly onlyOpen: boolean
  /** Ends the trials early, with all that was started cleared away. */
  readonly signal: AbortSignal
  onTrial(trial: Trial, count: string): void
}

/**
 * Tries every change to the files of one target, and reports after each: a run that is stopped keeps what it has found.
 * @throws Error when a test fails without any change: then nothing that fails says anything
 */
export async function tryTarget({ signal, onTrial, ...options }: TrialOptions): Promise<void> {
  const target: Target = TARGETS[options.target]
  const mutants = await allMutants(target)
  await using copy = await ChangedCopy.make(target)
  await using runner = await TestRunner.start(target, copy.mounted)
  const trials = mutants.map(mutant => ({ mutant, outcome: beginning(mutant, options) }))
  writeReport(options.target, trials)
  for (const [i, { mutant, outcome }] of trials.entries()) {
    if (outcome.kind !== 'open') continue
    signal.throwIfAborted()
    const trial = { mutant, outcome: await copy.with(mutant, () => judge(runner, outcome.killer)) }
    trials[i] = trial
    writeReport(options.target, trials)
    onTrial(trial, `${i + 1}/${trials.length}`)
  }
}

type Memory = Pick<TrialOptions, 'before' | 'onlyOpen'>

function beginning({ excuse, change }: Mutant, { before, onlyOpen }: Memory): Outcome {
  if (excuse) return { kind: 'excused', reason: excuse.reason }
  const last = before.get(cell(change))
  if (last?.kind === 'open') return last
  if (last && onlyOpen) return last
  return { kind: 'open', killer: last?.kind === 'killed' ? last.killer : undefined }
}

async function allMutants({ folder, files }: Target): Promise<readonly Mutant[]> {
  const paths = files.map(file => join(folder, file))
  const found = paths.map(async path => mutantsOf(path, await readFile(path, 'utf8')))
  return (await Promise.all(found)).flat()
}

async function judge(runner: TestRunner, hint: Killer | undefined): Promise<Outcome> {
  if (!(await acceptsFiles(runner.setting))) return { kind: 'refused' }
  const killer = await runner.findKiller(hint)
  return killer ? { kind: 'killed', killer } : { kind: 'survived' }
}
