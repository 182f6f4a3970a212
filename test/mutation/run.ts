import { parseArgs } from 'node:util'
import { runScript } from '../../scripts/run-script.ts'
import { ScriptError } from '../../scripts/script-error.ts'
import { rememberedKillers, writeReport } from './report.ts'
import { type ProxyName, type Trial, tryProxy } from './trial.ts'

const PROXIES: readonly ProxyName[] = ['apache', 'nginx', 'haproxy']

await runScript(async () => {
  const remembered = await rememberedKillers()
  const stop = new AbortController()
  const interrupted = new ScriptError('INTERRUPTED', 'Stopped before the end; the report is as it was.')
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort(interrupted))
  const tries = chosenProxies().map(async proxy => {
    const onTrial = (trial: Trial, done: number, total: number) => show(proxy, trial, `${done}/${total}`)
    return [proxy, await tryProxy({ proxy, remembered, signal: stop.signal, onTrial })] as const
  })
  // What one proxy shows to be broken, such as a failing test, the others need not find out after an hour.
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

function chosenProxies(): readonly ProxyName[] {
  const { positionals } = parseArgs({ allowPositionals: true, options: {} })
  const unknown = positionals.find(name => !PROXIES.includes(name as ProxyName))
  if (unknown !== undefined)
    throw new ScriptError(
      'OPTION_INVALID',
      `"${unknown}" is no proxy. Name some of ${PROXIES.join(', ')}; without a name, all are tried.`,
      { exitCode: 2 },
    )
  return positionals.length > 0 ? (positionals as ProxyName[]) : PROXIES
}

function show(proxy: ProxyName, { mutant, outcome }: Trial, count: string): void {
  if (outcome.kind === 'excused') return
  const by =
    outcome.kind === 'killed' ? ` by ${outcome.killer.file}: ${outcome.killer.test ?? 'no start'}` : ''
  console.log(`${proxy} ${count} ${outcome.kind}${by}\n    ${mutant.file}:${mutant.line} ${mutant.change}`)
}
