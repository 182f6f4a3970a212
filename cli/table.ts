import { inertName } from '../pki/inert-text.ts'

// East Asian Wide and Fullwidth (UAX #11) in ranges, and emoji: two columns. Marks that combine take none.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18cff}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
const NARROWEST = /[\p{Mn}\p{Me}]/u

function columnsOf(character: string): number {
  if (NARROWEST.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

/** How many columns of a terminal a text takes. */
export function textWidth(text: string): number {
  return [...text].reduce((sum, character) => sum + columnsOf(character), 0)
}

/** Cut to `width` columns, with an ellipsis in place of what is lost. */
export function shorten(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  let kept = ''
  for (const character of text) {
    if (textWidth(kept) + columnsOf(character) > width - 1) break
    kept += character
  }
  return `${kept}…`
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)))
}

// Our own choice: narrower, a name says nothing any more, and the line may as well wrap.
const LEAST = 8
const GAP = 2

/** The widest column gives until the line fits; it is a name, never a serial number, which is no use when cut. */
function shrink(widths: readonly number[], most: number, fixed: readonly number[]): readonly number[] {
  const excess = widths.reduce((sum, width) => sum + width + GAP, -GAP) - most
  if (excess <= 0) return widths
  const free = widths.map((width, i) => (fixed.includes(i) ? 0 : width))
  const widest = free.indexOf(Math.max(...free))
  const width = free[widest] ?? 0
  if (width <= LEAST) return widths
  return shrink(widths.with(widest, width - 1), most, fixed)
}

export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** Columns, from 0, that are never cut. */
  readonly fixed?: readonly number[]
}

/**
 * Lines in columns.
 * @param most columns of the terminal; left out, no line is cut
 */
export function formatTable(
  { head, rows, fixed = [] }: Table,
  most = Number.POSITIVE_INFINITY,
): readonly string[] {
  const lines = [head, ...rows].map(row => row.map(inertName))
  const natural = head.map((_, i) => Math.max(...lines.map(row => textWidth(row[i] ?? ''))))
  const widths = shrink(natural, most, fixed)
  return lines.map(row => {
    const cells = row.map((cell, i) => pad(shorten(cell, widths[i] ?? 0), widths[i] ?? 0))
    return cells.join(' '.repeat(GAP)).trimEnd()
  })
}

/** `name  value` lines; what is `null` or `undefined` is left out. */
export function formatFields(fields: Readonly<Record<string, string | null | undefined>>): readonly string[] {
  const given = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)
  const width = Math.max(...given.map(([name]) => name.length))
  return given.map(([name, value]) => `${name.padEnd(width)}  ${inertName(value ?? '')}`)
}
