/** What counts of Vitest's JSON report (its `--reporter=json`, the shape of Jest's). */
export interface TestReport {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: ReadonlyArray<{ name: string; status: string; assertionResults: readonly unknown[] }>
}

export interface Verdict {
  passed: number
  failed: number
  /** One sentence for each reason why the run is no success although no single test failed. */
  reasons: string[]
}

/**
 * Judges a run: a skipped test, an empty run, a file that did not load and a crashed runner are failures
 * as well, because each of them would otherwise look like a promise that was kept.
 */
export function judge(report: TestReport | undefined, exitCode: number): Verdict {
  if (!report) return { passed: 0, failed: 1, reasons: ['Vitest ended without a report.'] }
  const skipped = report.numPendingTests + report.numTodoTests
  const unloaded = report.testResults.filter(
    file => file.status === 'failed' && file.assertionResults.length === 0,
  )
  const reasons = unloaded.map(file => `${file.name} did not load.`)
  if (skipped > 0) reasons.push(`${skipped} skipped: a skipped test keeps no promise.`)
  const failed = report.numFailedTests + skipped + unloaded.length
  if (failed === 0 && report.numPassedTests === 0) reasons.push('No test ran.')
  else if (failed === 0 && exitCode !== 0) reasons.push(`Vitest ended with exit code ${exitCode}.`)
  return { passed: report.numPassedTests, failed: failed || reasons.length, reasons }
}
