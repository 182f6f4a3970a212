import type { Plot } from './plot.ts'
import { logPlace, type Tick, tenth } from './scale.ts'

export interface DotPlotInput extends Pick<Plot, 'id' | 'title' | 'description'> {
  readonly rows: readonly {
    readonly label: string
    /** Milliseconds. */
    readonly values: readonly number[]
  }[]
}

export interface DotPlot extends Plot {
  readonly rows: readonly {
    readonly label: string
    readonly y: number
    readonly dots: readonly { readonly x: number; readonly label: string }[]
    readonly median: number
  }[]
  readonly across: readonly Tick[]
  readonly area: {
    readonly left: number
    readonly right: number
    readonly top: number
    readonly bottom: number
  }
}

const WIDTH = 480
const ROW = 44
const LEFT = 76
const RIGHT = WIDTH - 22
const TOP = 6
const AXIS = 26

const FROM_MS = 1
const TO_MS = 10_000
const TICKS = [
  [1, '1 ms'],
  [10, '10 ms'],
  [100, '0.1 s'],
  [1_000, '1 s'],
  [10_000, '10 s'],
] as const

/** A dot for each time, in a row of its own kind, and a stroke where half of them are below. */
export function dotPlot({ rows, ...about }: DotPlotInput): DotPlot {
  const bottom = TOP + ROW * Math.max(1, rows.length)
  return {
    ...about,
    width: WIDTH,
    height: bottom + AXIS,
    area: { left: LEFT, right: RIGHT, top: TOP, bottom },
    rows: rows.map(({ label, values }, index) => ({
      label,
      y: TOP + ROW * (index + 0.5),
      dots: values.map(value => ({ x: placeOf(value), label: msText(value) })),
      median: placeOf(medianOf(values)),
    })),
    across: TICKS.map(([value, label]) => ({ at: placeOf(value), label })),
    table: {
      head: ['Proxy', 'Times', 'Half within', 'Slowest'],
      rows: rows.map(({ label, values }) => [
        label,
        values.length,
        msText(medianOf(values)),
        msText(Math.max(...values)),
      ]),
    },
  }
}

function placeOf(ms: number): number {
  return tenth(LEFT + logPlace(ms, FROM_MS, TO_MS) * (RIGHT - LEFT))
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.ceil(values.length / 2) - 1] ?? 0
}

function msText(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`
}
