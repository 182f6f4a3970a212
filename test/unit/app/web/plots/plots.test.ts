// Promise: plots show figures where they are, whatever the figures are, and stay within their drawing.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { barPlot } from '../../../../../app/web/plots/bar-plot.ts'
import { dotPlot } from '../../../../../app/web/plots/dot-plot.ts'
import { lifePlot } from '../../../../../app/web/plots/life-plot.ts'
import { roundSteps } from '../../../../../app/web/plots/scale.ts'

const ABOUT = { id: 'x', title: 'X', description: 'An x.' }

function bars(...series: readonly (readonly number[])[]) {
  return barPlot({
    ...ABOUT,
    of: 'Day',
    slots: (series[0] ?? []).map((_, slot) => `day ${slot}`),
    axisText: slot => slot,
    labelEvery: 2,
    series: series.map((values, index) => ({ label: `kind ${index}`, values })),
  })
}

it('has an axis of round whole numbers', () => {
  expect(roundSteps(0)).toEqual([0, 1])
  expect(roundSteps(3)).toEqual([0, 1, 2, 3])
  expect(roundSteps(42)).toEqual([0, 10, 20, 30, 40, 50])
  expect(roundSteps(10_000)).toEqual([0, 2_000, 4_000, 6_000, 8_000, 10_000])
})

it('has bars as high as their figures, and none for nothing', () => {
  const { series, area } = bars([10, 0, 5], [0, 10, 0])
  const heights = series.map(({ bars }) => bars.map(({ height }) => height))
  const whole = area.bottom - area.top
  expect(heights).toEqual([[whole, whole / 2], [whole]])
  expect(series[0]?.bars[1]?.label).toBe('day 2: 5 kind 0')
})

it('stays within its drawing', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 10_000_000 }), { minLength: 1, maxLength: 60 }), values => {
      const { series, area } = bars(values, values)
      for (const { x, y, width, height } of series.flatMap(({ bars }) => bars)) {
        expect(x).toBeGreaterThanOrEqual(area.left)
        expect(x + width).toBeLessThanOrEqual(area.right + 0.2)
        expect(y).toBeGreaterThanOrEqual(area.top)
        expect(y + height).toBeCloseTo(area.bottom, 0)
      }
    }),
  )
})

it('has a table of what there is', () => {
  const { table } = bars([1, 0], [2, 0])
  expect(table.rows).toEqual([['day 0', 1, 2]])
  expect(table.note).toBe('Where there is none, there is no row.')
})

it('places times by their tenfold, and keeps what is beyond the ends at them', () => {
  const { rows, across, table, area } = dotPlot({
    ...ABOUT,
    rows: [{ label: 'nginx', values: [0, 100, 60_000] }],
  })
  expect(rows[0]?.dots.map(({ x }) => x)).toEqual([area.left, across[2]?.at, area.right])
  expect(rows[0]?.median).toBe(across[2]?.at)
  expect(table.rows).toEqual([['nginx', 3, '100 ms', '60.0 s']])
})

it('shows how much of a time is over, and not more than all of it', () => {
  const life = (now: number) =>
    lifePlot({ ...ABOUT, from: 0, until: 100, now, marks: [], table: { head: [], rows: [] } })
  const whole = life(0).track.width
  expect([0, 50, 100, 900].map(now => life(now).spent / whole)).toEqual([0, 0.5, 1, 1])
})
