import type { Plot } from './plot.ts'
import { roundSteps, type Tick, tenth } from './scale.ts'

export interface Series {
  readonly label: string
  /** One for each slot. */
  readonly values: readonly number[]
}

export interface BarPlotInput extends Pick<Plot, 'id' | 'title' | 'description'> {
  /** What the slots are: days, levels. */
  readonly of: string
  readonly slots: readonly string[]
  /** What of a name is below the axis, and for every how many slots. */
  readonly axisText: (slot: string) => string
  readonly labelEvery: number
  readonly series: readonly Series[]
}

interface Bar {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** What it says when it is pointed at. */
  readonly label: string
}

export interface BarPlot extends Plot {
  readonly series: readonly { readonly label: string; readonly bars: readonly Bar[] }[]
  readonly across: readonly Tick[]
  readonly up: readonly Tick[]
  readonly area: typeof AREA
}

const WIDTH = 480
const HEIGHT = 206
// Room for a number at its left, and for half a day at its right.
const AREA = { left: 40, right: WIDTH - 16, top: 10, bottom: HEIGHT - 32 } as const
// Of a slot; the rest keeps it apart from its neighbour.
const FILLED = 0.76

/** Bars beside each other, in slots of the same width. */
export function barPlot({ id, title, description, ...input }: BarPlotInput): BarPlot {
  const { slots, axisText, labelEvery, series } = input
  const steps = roundSteps(Math.max(...series.flatMap(({ values }) => values), 0))
  const slotWidth = (AREA.right - AREA.left) / slots.length
  const place = { slotWidth, barWidth: (slotWidth * FILLED) / series.length, most: steps.at(-1) ?? 1 }
  return {
    id,
    title,
    description,
    width: WIDTH,
    height: HEIGHT,
    area: AREA,
    series: series.map(({ label, values }, index) => ({
      label,
      bars: values.flatMap((value, slot) =>
        value === 0
          ? []
          : [{ ...barAt({ value, slot, index }, place), label: `${slots[slot]}: ${value} ${label}` }],
      ),
    })),
    across: slots
      .map((name, slot) => ({ at: tenth(AREA.left + (slot + 0.5) * slotWidth), label: axisText(name) }))
      .filter((_, slot) => slot % labelEvery === 0),
    up: steps.map(step => ({ at: tenth(heightOf(step, place.most)), label: String(step) })),
    table: tableOf(input),
  }
}

interface Place {
  readonly slotWidth: number
  readonly barWidth: number
  readonly most: number
}

function barAt(
  { value, slot, index }: { readonly value: number; readonly slot: number; readonly index: number },
  { slotWidth, barWidth, most }: Place,
): Omit<Bar, 'label'> {
  const x = AREA.left + slot * slotWidth + (slotWidth * (1 - FILLED)) / 2 + index * barWidth
  const y = heightOf(value, most)
  return { x: tenth(x), y: tenth(y), width: tenth(barWidth), height: tenth(AREA.bottom - y) }
}

function heightOf(value: number, most: number): number {
  return AREA.bottom - (value / most) * (AREA.bottom - AREA.top)
}

function tableOf({ of, slots, series }: Pick<BarPlotInput, 'of' | 'slots' | 'series'>): Plot['table'] {
  const rows = slots
    .map((slot, index) => [slot, ...series.map(({ values }) => values[index] ?? 0)])
    .filter(([, ...values]) => values.some(value => value !== 0))
  return {
    head: [of, ...series.map(({ label }) => label)],
    rows,
    ...(rows.length < slots.length && { note: 'Where there is none, there is no row.' }),
  }
}
