import { parseArgs } from 'node:util'
import { runScript } from '../../scripts/run-script.ts'
import { ScriptError } from '../../scripts/script-error.ts'
import { rememberedKillers, writeReport } from './report.ts'
import { TARGETS, type TargetName } from './targets.ts'
import { type Trial, tryTarget } from './trial.ts'

const NAMES = Object.keys(TARGETS) as readonly TargetName[]

await runScript(async () => {
  const remembered = await rememberedKillers()
  const stop = new AbortController()
  const interrupted = new ScriptError('INTERRUPTED', 'Stopped before the end; the report is as it was.')
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort(interrupted))
  const tries = chosenTargets().map(async target => {
    const onTrial = (trial: Trial, done: number, total: number) => show(target, trial, `${done}/${total}`)
    return [target, await tryTarget({ target, remembered, signal: stop.signal, onTrial })] as const
  })
  // What one target shows to be broken, such as a failing test, the others need not find out after an hour.
  for (const tried of tries) tried.catch(error => stop.abort(error))
  const trials = new Map(await Promise.all(tries))
  await writeReport(trials)
  const survivors = [...trials.values()].flat().filter(({ outcome }) => outcome.kind === 'survived')
  if (survivors.length > 0)
    throw new ScriptError(
      'MUTANTS_SURVIVED',
      `${survivors.length} changes were noticed by no test: see docs/mutation-report.md`,
    )
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
  if (outcome.kind === 'excused') return
  const by =
    outcome.kind === 'killed' ? ` by ${outcome.killer.file}: ${outcome.killer.test ?? 'no start'}` : ''
  console.log(`${target} ${count} ${outcome.kind}${by}\n    ${mutant.file}:${mutant.line} ${mutant.change}`)
}
