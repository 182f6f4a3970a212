import { EXCUSES, type Excuse } from './excuses.ts'
import { type Span, split } from './split.ts'
import { WEAKENINGS } from './weakenings.ts'

/** A file with one thing less. */
export interface Mutant {
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  /** What was done, in the words of the file: the same when lines above it come and go. */
  readonly change: string
  readonly content: string
  /** Why no test has to notice. */
  readonly excuse: Excuse | undefined
}

const COMMENT = /^\s*(#|--|\/\/|\/\*\*)/

type Change = Pick<Mutant, 'line' | 'change' | 'content'>

/** Everything that is tried on one file: each directive and block left out, and each directive weakened. */
export function mutantsOf(file: string, content: string): readonly Mutant[] {
  const name = file.slice(file.lastIndexOf('/') + 1)
  const lines = content.split('\n')
  const spans = split(name, content)
  const removals = spans.map(span => removed(lines, span))
  return [...removals, ...lines.flatMap((line, index) => weakened(name, lines, { line, index }))]
    .map(change => ({ ...change, file, excuse: excuseOf({ name, lines, spans, change }) }))
    .toSorted((one, other) => one.line - other.line)
}

function removed(lines: readonly string[], { first, last }: Span): Change {
  const opening = lines[first]?.trim() ?? ''
  return {
    line: first + 1,
    change: first === last ? opening : `${opening} …`,
    content: lines.toSpliced(first, last - first + 1).join('\n'),
  }
}

interface Place {
  readonly line: string
  readonly index: number
}

function weakened(name: string, lines: readonly string[], { line, index }: Place): Change[] {
  if (COMMENT.test(line)) return []
  return WEAKENINGS.filter(({ file }) => file === name)
    .flatMap(({ weaken }) => weaken(line))
    .map(weak => ({
      line: index + 1,
      change: difference(line.trim(), weak.trim()),
      content: lines.with(index, weak).join('\n'),
    }))
}

/** `[-what went-]{+what came+}` in its line, as `git diff --word-diff` writes it. */
function difference(before: string, after: string): string {
  const start = [...before].findIndex((letter, i) => letter !== after[i])
  const longest = Math.min(before.length, after.length) - start
  let end = 0
  while (end < longest && before.at(-1 - end) === after.at(-1 - end)) end += 1
  const came = after.slice(start, after.length - end)
  const went = before.slice(start, before.length - end)
  return `${before.slice(0, start)}[-${went}-]${came && `{+${came}+}`}${before.slice(before.length - end)}`
}

interface Accused {
  readonly name: string
  readonly lines: readonly string[]
  readonly spans: readonly Span[]
  readonly change: Change
}

function excuseOf({ name, lines, spans, change }: Accused): Excuse | undefined {
  return EXCUSES.filter(({ file }) => file === name).find(({ pattern, isBlock }) => {
    if (!isBlock) return pattern.test(change.change)
    const block = innermostBlock(
      spans,
      lines.findIndex(line => pattern.test(line.trim())),
    )
    return block !== undefined && block.first < change.line && change.line <= block.last + 1
  })
}

function innermostBlock(spans: readonly Span[], line: number): Span | undefined {
  return spans
    .filter(({ first, last }) => first < line && line <= last)
    .toSorted((one, other) => other.first - one.first)[0]
}
