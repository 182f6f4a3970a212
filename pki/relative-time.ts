const FORMAT = new Intl.RelativeTimeFormat('en')
const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const
const SMALLEST = UNITS[3]

/** How far `time` is from `now`, in whole units: `5 days ago`, `in 3 hours`. */
export function relativeTime(time: Date, now: Date): string {
  const ms = time.getTime() - now.getTime()
  const [unit, length] = UNITS.find(([, each]) => Math.abs(ms) >= each) ?? SMALLEST
  return FORMAT.format(Math.trunc(ms / length), unit)
}
