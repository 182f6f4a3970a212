import type { Plot } from './plot.ts'
import { type Tick, tenth } from './scale.ts'

export interface LifePlotInput extends Pick<Plot, 'id' | 'title' | 'description' | 'table'> {
  /** Milliseconds since 1970. */
  readonly from: number
  readonly until: number
  readonly now: number
  /** What is written below it; those in its middle are between the two at its ends. */
  readonly marks: readonly { readonly time: number; readonly label: string }[]
}

export interface LifePlot extends Plot {
  readonly track: { readonly x: number; readonly y: number; readonly width: number; readonly height: number }
  readonly spent: number
  readonly now: number
  readonly marks: readonly (Tick & { readonly anchor: 'start' | 'middle' | 'end' })[]
}

const WIDTH = 480
const TRACK = { x: 4, y: 26, width: WIDTH - 8, height: 14 } as const

/** How much of a time is over. */
export function lifePlot({ from, until, now, marks, ...about }: LifePlotInput): LifePlot {
  const part = (time: number) => Math.min(1, Math.max(0, (time - from) / (until - from)))
  return {
    ...about,
    width: WIDTH,
    height: 66,
    track: TRACK,
    spent: tenth(TRACK.width * part(now)),
    now: tenth(TRACK.x + TRACK.width * part(now)),
    marks: marks.map(({ time, label }) => ({
      at: tenth(TRACK.x + TRACK.width * part(time)),
      label,
      anchor: time <= from ? 'start' : time >= until ? 'end' : 'middle',
    })),
  }
}
