import { mkdir, readFile, rm } from 'node:fs/promises'
import { $ } from 'zx'
import { ensureBaseImages } from './base-images.ts'
import { ensureDockerEngine } from './docker-engine.ts'
import { ensureTools } from './install-tools.ts'
import { runScript } from './run-script.ts'
import { judge, type TestReport } from './test-report.ts'

const RESULTS = 'test-results'
const REPORT = `${RESULTS}/vitest.json`

const shown = $({ nothrow: true, preferLocal: true, stdio: ['ignore', 'inherit', 'inherit'] })

await runScript(async () => {
  await ensureTools()
  await ensureDockerEngine()
  await ensureBaseImages()
  const check = await shown`npm run -s check`
  const { passed, failed, reasons } = await runTests()
  if (check.exitCode !== 0) reasons.push('npm run check failed: see the beginning of this output.')
  for (const reason of reasons) console.log(reason)
  const failures = failed + (check.exitCode === 0 ? 0 : 1)
  console.log(`${passed} passed, ${failures} failed`)
  process.exitCode = failures > 0 ? 1 : 0
})

/** Words after the command go to Vitest: `npm test -- test/unit` runs the unit tests only. */
async function runTests() {
  await mkdir(RESULTS, { recursive: true })
  await rm(REPORT, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT}`]
  const run = await shown`vitest run ${reporters} ${process.argv.slice(2)}`
  const report = await readFile(REPORT, 'utf8').then(
    text => JSON.parse(text) as TestReport,
    () => undefined,
  )
  return judge(report, run.exitCode ?? 1)
}
