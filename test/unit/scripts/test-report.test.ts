// Promise: only a run in which everything ran and passed counts as a success.
import { describe, expect, it } from 'vitest'
import { judge, type TestReport } from '../../../scripts/test-report.ts'

const good: TestReport = {
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [{ name: 'a.test.ts', status: 'passed', assertionResults: [{}, {}, {}] }],
}

describe('judge', () => {
  it('lets a run pass in which every test passed', () => {
    expect(judge(good, 0)).toEqual({ passed: 3, failed: 0, reasons: [] })
  })

  it('counts failed tests once, although Vitest then ends with 1', () => {
    expect(judge({ ...good, numFailedTests: 2 }, 1)).toEqual({ passed: 3, failed: 2, reasons: [] })
  })

  it.each<[string, TestReport | undefined, number]>([
    ['no report', undefined, 0],
    ['a skipped test', { ...good, numPendingTests: 1 }, 0],
    ['a test still to be written', { ...good, numTodoTests: 1 }, 0],
    ['no test at all', { ...good, numPassedTests: 0, testResults: [] }, 0],
    ['a runner that crashed', good, 1],
    [
      'a file that did not load',
      { ...good, testResults: [{ name: 'b.test.ts', status: 'failed', assertionResults: [] }] },
      1,
    ],
  ])('fails a run with %s, and says why', (_, report, exitCode) => {
    const verdict = judge(report, exitCode)
    expect(verdict.failed).toBe(1)
    expect(verdict.reasons).toHaveLength(1)
  })
})
