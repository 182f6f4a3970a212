import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { runScript } from '../../scripts/run-script.ts'
import { ScriptError } from '../../scripts/script-error.ts'
import { outcomesIn, REPORT } from './report.ts'
import { TARGETS, type TargetName } from './targets.ts'
import { type Trial, tryTarget } from './trial.ts'

const NAMES = Object.keys(TARGETS) as readonly TargetName[]

await runScript(async () => {
  const { targets, onlyOpen } = wishes()
  const report = existsSync(REPORT) ? readFileSync(REPORT, 'utf8') : ''
  const stop = new AbortController()
  const interrupted = new ScriptError(
    'INTERRUPTED',
    'Stopped before the end; the report says how far it came.',
  )
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop.abort(interrupted))
  let survivors = 0
  const tries = targets.map(target =>
    tryTarget({
      target,
      before: outcomesIn(report, target),
      onlyOpen,
      signal: stop.signal,
      onTrial(trial, count) {
        show(target, trial, count)
        if (trial.outcome.kind === 'survived') survivors += 1
      },
    }),
  )
  // What one target shows to be broken, such as a failing test, the others need not find out after an hour.
  for (const tried of tries) tried.catch(error => stop.abort(error))
  await Promise.all(tries)
  if (survivors > 0)
    throw new ScriptError('MUTANTS_SURVIVED', `${survivors} changes were noticed by no test: see ${REPORT}`)
})

/** @throws ScriptError for a target that there is not */
function wishes(): Readonly<{ targets: readonly TargetName[]; onlyOpen: boolean }> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { open: { type: 'boolean', default: false } },
  })
  const unknown = positionals.find(name => !NAMES.includes(name as TargetName))
  if (unknown !== undefined)
    throw new ScriptError(
      'OPTION_INVALID',
      `"${unknown}" is not one of them. Name some of ${NAMES.join(', ')}; without a name, all are tried.
With --open, only what the report does not say to be noticed.`,
      { exitCode: 2 },
    )
  return { targets: positionals.length > 0 ? (positionals as TargetName[]) : NAMES, onlyOpen: values.open }
}

function show(target: TargetName, { mutant, outcome }: Trial, count: string): void {
  const by =
    outcome.kind === 'killed' ? ` by ${outcome.killer.file}: ${outcome.killer.test ?? 'no start'}` : ''
  console.log(`${target} ${count} ${outcome.kind}${by}\n    ${mutant.file}:${mutant.line} ${mutant.change}`)
}
