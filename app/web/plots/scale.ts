/** A place on an axis; `at` in the units of the drawing. */
export interface Tick {
  readonly at: number
  readonly label: string
}

// Our own choice: lines that one can tell apart.
const MOST_STEPS = 5

/** Round whole numbers from 0 to at least `most`: 1, 2 or 5 of a power of ten apart. */
export function roundSteps(most: number): readonly number[] {
  const rough = Math.max(1, most / MOST_STEPS)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5].find(each => each * power >= rough) ?? 10)
  const steps = Math.max(1, Math.ceil(most / step))
  return Array.from({ length: steps + 1 }, (_, index) => index * step)
}

/** Where `value` is between `from` and `to`, of which each tenfold is as long as the next. */
export function logPlace(value: number, from: number, to: number): number {
  const clamped = Math.min(to, Math.max(from, value))
  return Math.log(clamped / from) / Math.log(to / from)
}

/** To a tenth, which is finer than any screen shows. */
export function tenth(value: number): number {
  return Math.round(value * 10) / 10
}
