// Times are told in whole units, never longer ago or further ahead than they are.
import { expect, it } from 'vitest'
import { relativeTime } from '../../../pki/relative-time.ts'

const NOW = new Date('2026-11-25T00:00:00Z')

it.each([
  [0, 'in 0 seconds'],
  [1, 'in 0 seconds'],
  [-999, '0 seconds ago'],
  [-1000, '1 second ago'],
  [59_999, 'in 59 seconds'],
  [-60_000, '1 minute ago'],
  [3 * 3_600_000, 'in 3 hours'],
  [-86_399_999, '23 hours ago'],
  [-5.9 * 86_400_000, '5 days ago'],
  [400 * 86_400_000, 'in 400 days'],
])('%i ms from now is %s', (ms, told) => {
  expect(relativeTime(new Date(NOW.getTime() + ms), NOW)).toBe(told)
})
