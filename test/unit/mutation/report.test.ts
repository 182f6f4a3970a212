// Promise: what a run has found, the next one remembers, also when it was stopped before its end.
import { expect, it } from 'vitest'
import { cell, outcomesIn, withPart } from '../../mutation/report.ts'
import type { Outcome, Trial } from '../../mutation/trial.ts'

const KILLER = { file: 'test/e2e/a.test.ts', test: 'proxy > says: a|b' }

function trial(change: string, outcome: Outcome): Trial {
  return { mutant: { file: 'folder/a.conf', line: 1, change, content: '', excuse: undefined }, outcome }
}

const TRIALS: readonly Trial[] = [
  trial('killed | [-x-]', { kind: 'killed', killer: KILLER }),
  trial('killed as a `whole`', { kind: 'killed', killer: { ...KILLER, test: undefined } }),
  trial('open', { kind: 'open', killer: KILLER }),
  trial('never tried', { kind: 'open', killer: undefined }),
  trial('refused', { kind: 'refused' }),
  trial('survived', { kind: 'survived' }),
  trial('excused', { kind: 'excused', reason: 'speed' }),
]

it('what came of a change is found by the change', () => {
  const before = outcomesIn(withPart('', 'one', TRIALS), 'one')
  const written = TRIALS.filter(({ outcome }) => outcome.kind !== 'excused' && outcome.kind !== 'survived')
  for (const { mutant, outcome } of written) expect(before.get(cell(mutant.change))).toEqual(outcome)
})

it('what nobody has noticed, or was excused, is open', () => {
  const before = outcomesIn(withPart('', 'one', TRIALS), 'one')
  for (const change of ['survived', 'excused'])
    expect(before.get(cell(change))).toEqual({ kind: 'open', killer: undefined })
})

it('of changes that read the same, one that is open leaves them all open', () => {
  const [killed, survived] = [{ kind: 'killed', killer: KILLER }, { kind: 'survived' }] as const
  for (const outcomes of [
    [killed, survived],
    [survived, killed],
  ]) {
    const report = withPart(
      '',
      'one',
      outcomes.map(outcome => trial('end', outcome)),
    )
    expect(outcomesIn(report, 'one').get(cell('end'))?.kind).toBe('open')
  }
})

it('targets remember apart', () => {
  expect(outcomesIn(withPart('', 'one', TRIALS), 'two').size).toBe(0)
})

it('says of each change what came of it, and how many', () => {
  const report = withPart('', 'one', TRIALS)
  expect(report).toContain(
    '6 changes: 2 noticed by a test, 1 by the server itself, 1 by nobody; 1 more are excused.',
  )
  expect(report).toContain('2 were not tried')
  expect(report).toContain('| a.conf:1 | `survived` | **nobody** |')
})

it('replaces the part of one target only', () => {
  const both = withPart(withPart('', 'two', TRIALS), 'one', TRIALS)
  const later = withPart(both, 'one', TRIALS.slice(0, 1))
  expect(later.split('## two')[1]).toBe(both.split('## two')[1])
  expect(later).toContain('1 changes: 1 noticed')
  expect(withPart(later, 'one', TRIALS)).toBe(both)
})
