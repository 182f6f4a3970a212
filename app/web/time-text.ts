/** The day in UTC, as ISO 8601 writes it. @param time milliseconds since 1970 */
export function dayText(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

/** The same with the minute. */
export function timeText(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
