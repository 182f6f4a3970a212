/** Lines of a file that belong together and can go together; both ends included, counted from 0. */
export interface Span {
  readonly first: number
  readonly last: number
}

type Split = (lines: readonly string[]) => readonly Span[]

/** Each directive, up to its semicolon, and each block with what is in it. */
const nginx: Split = lines => {
  const spans: Span[] = []
  const open: number[] = []
  let first: number | undefined
  for (const [index, line] of lines.entries()) {
    if (isBlank(line, '#')) continue
    first ??= index
    if (line.trim() === '}') spans.push({ first: open.pop() ?? index, last: index })
    else if (line.endsWith('{')) open.push(first)
    else if (/[;}]$/.test(line)) spans.push({ first, last: index })
    else continue
    first = undefined
  }
  return spans
}

interface Marks {
  readonly comment: string
  readonly opens: RegExp
  readonly closes: RegExp
}

/** Each line, and each block from the line that opens it to the one that closes it. */
function blocks({ comment, opens, closes }: Marks): Split {
  return lines => {
    const open: number[] = []
    return lines.flatMap((line, index) => {
      if (isBlank(line, comment)) return []
      if (closes.test(line)) return [{ first: open.pop() ?? index, last: index }]
      if (opens.test(line)) open.push(index)
      else return [{ first: index, last: index }]
      return []
    })
  }
}

const apache = blocks({ comment: '#', opens: /^\s*<[^/]/, closes: /^\s*<\// })
const lua = blocks({ comment: '--', opens: /(\bthen|\bdo|\bfunction\b[^)]*\))$/, closes: /^\s*end\b/ })

/** Each line, and each section from a name in the first column to the next one. */
const haproxy: Split = lines => {
  const heads = lines.flatMap((line, index) => (/^[a-z]/.test(line) ? [index] : []))
  const sections = heads.map((first, i) => ({ first, last: (heads[i + 1] ?? lines.length) - 1 }))
  return [...everyLine('#')(lines).filter(({ first }) => !heads.includes(first)), ...sections]
}

function everyLine(...comments: readonly string[]): Split {
  return lines =>
    lines.flatMap((line, index) => (isBlank(line, ...comments) ? [] : [{ first: index, last: index }]))
}

function isBlank(line: string, ...comments: readonly string[]): boolean {
  return line.trim() === '' || comments.some(comment => line.trim().startsWith(comment))
}

const script = everyLine('/**', '//')

const SPLITS: Readonly<Record<string, Split>> = {
  'httpd.conf': apache,
  'ask.lua': lua,
  'follow.lua': lua,
  'gate.lua': lua,
  'health.lua': lua,
  'listed.lua': lua,
  'names.lua': lua,
  'refusal.lua': lua,
  'refuse.lua': lua,
  'signed-list.lua': lua,
  'state-file.lua': lua,
  'strip.lua': everyLine('--'),
  'token.lua': lua,
  'verified.lua': lua,
  'verify.lua': everyLine('--'),
  'nginx.conf': nginx,
  'refuse.conf': nginx,
  'strip-and-set.conf': nginx,
  'forward.conf': nginx,
  'gatehouse.js': script,
  'gate.js': script,
  'token.js': script,
  'header-value.js': script,
  'follow.js': script,
  'list.js': script,
  'entries.js': script,
  'signed-list.js': script,
  'haproxy.cfg': haproxy,
  'application.lua': everyLine('--'),
  'follower.lua': everyLine('--'),
  'gate-cookie.lua': everyLine('--'),
  'journal.lua': everyLine('--'),
  'list.lua': everyLine('--'),
  'signed-change.lua': everyLine('--'),
  'entrypoint.sh': everyLine('#'),
}

/**
 * What can be taken out of a file, one at a time. Of a block with a single directive only the whole.
 * @throws RangeError for a file that nobody has said how to read
 */
export function split(name: string, text: string): readonly Span[] {
  const read = SPLITS[name]
  if (!read) throw new RangeError(`test/mutation/split.ts does not say how to split ${name}.`)
  const spans = read(text.trimEnd().split('\n'))
  const inside = (outer: Span) => spans.filter(inner => inner !== outer && contains(outer, inner))
  const alone = new Set(spans.map(inside).flatMap(inner => (inner.length === 1 ? inner : [])))
  return spans.filter(span => !alone.has(span))
}

function contains(outer: Span, inner: Span): boolean {
  return outer.first <= inner.first && inner.last <= outer.last
}
