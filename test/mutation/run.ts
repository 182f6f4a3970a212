import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { runScript } from '../../scripts/run-script.ts'
import { ScriptError } from '../../scripts/script-error.ts'
import { killersIn, REPORT, writeReport } from './report.ts'
import { TARGETS, type TargetName } from './targets.ts'
import { type Trial, tryTarget } from './trial.ts'

const NAMES = Object.keys(TARGETS) as readonly TargetName[]

await runScript(async () => {
  const remembered = killersIn(existsSync(REPORT) ? readFileSync(REPORT, 'utf8') : '')
  const stop = new AbortController()
  const interrupted = new ScriptError(
    'INTERRUPTED',
    'Stopped before the end; the report says how far it came.',
  )
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop.abort(interrupted))
  let survivors = 0
  const tries = chosenTargets().map(target =>
    tryTarget({
      target,
      remembered,
      signal: stop.signal,
      onTrial(trial, done, all) {
        writeReport(target, all)
        show(target, trial, `${done}/${all.length}`)
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

function chosenTargets(): readonly TargetName[] {
  const { positionals } = parseArgs({ allowPositionals: true, options: {} })
  const unknown = positionals.find(name => !NAMES.includes(name as TargetName))
  if (unknown !== undefined)
    throw new ScriptError(
      'OPTION_INVALID',
      `"${unknown}" is not one of them. Name some of ${NAMES.join(', ')}; without a name, all are tried.`,
      { exitCode: 2 },
    )
  return positionals.length > 0 ? (positionals as TargetName[]) : NAMES
}

function show(target: TargetName, { mutant, outcome }: Trial, count: string): void {
  const by =
    outcome.kind === 'killed' ? ` by ${outcome.killer.file}: ${outcome.killer.test ?? 'no start'}` : ''
  console.log(`${target} ${count} ${outcome.kind}${by}\n    ${mutant.file}:${mutant.line} ${mutant.change}`)
}
