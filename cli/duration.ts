import { CliError } from './errors.ts'

const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000 } as const

/**
 * `30d`, `12h`, `90m`, in milliseconds.
 * @throws CliError USAGE
 */
export function parseDuration(text: string): number {
  const [, count, unit] = /^(\d{1,5})([dhm])$/.exec(text) ?? []
  if (count !== undefined) return Number(count) * UNITS[unit as keyof typeof UNITS]
  throw new CliError(
    'USAGE',
    `A time must not be ${JSON.stringify(text.slice(0, 40))}. It must be a number of days, hours or minutes, such as 30d, 12h or 90m.`,
  )
}

/** What is left, as a person says it. */
export function describeDuration(milliseconds: number): string {
  const [count, unit] =
    milliseconds >= 2 * UNITS.d
      ? [Math.floor(milliseconds / UNITS.d), 'day']
      : [Math.max(0, Math.floor(milliseconds / UNITS.h)), 'hour']
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
