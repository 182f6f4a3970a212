import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Killer, Outcome, Trial } from './trial.ts'

export const REPORT = 'docs/mutation-report.md'

const HEAD = `# Mutation report

Written by \`make mutation\`. Each row is one change to a file, tried alone: a directive or block left out
(\`…\` stands for its lines), or a part of a line left out or replaced, as \`[-what went-]{+what came+}\`. A change is
noticed when the server refuses the file or when an end-to-end test fails; no change that is not excused may survive.
`

/** Replaces one target's part; in one go, so that targets that are tried at once leave each other's alone. */
export function writeReport(name: string, trials: readonly Trial[]): void {
  const before = existsSync(REPORT) ? readFileSync(REPORT, 'utf8') : ''
  writeFileSync(REPORT, withPart(before, name, trials))
}

export function withPart(report: string, name: string, trials: readonly Trial[]): string {
  const parts = partsOf(report)
  parts.set(name, partOf(name, trials))
  const ordered = [...parts].toSorted(([one], [other]) => one.localeCompare(other))
  return [HEAD, ...ordered.map(([, part]) => `## ${part.trimEnd()}\n`)].join('\n')
}

function partsOf(report: string): Map<string, string> {
  const parts = report.split(/^## /m).slice(1)
  return new Map(parts.map(part => [part.split('\n', 1)[0] ?? '', part]))
}

const REFUSED = 'the server: it refuses the file'
const ROW = /^\| \S+:\d+ \| (`.*`) \| (.*) \|$/gm
const NOTICED = /^(not tried since )?(test\/\S+?)(?:: (.*))?$/

/**
 * What came of each change of one target the last time, by the text of the change as the report has it. Of several
 * with the same text it is open if it is for one of them.
 */
export function outcomesIn(report: string, name: string): ReadonlyMap<string, Outcome> {
  const outcomes = new Map<string, Outcome>()
  for (const [, change = '', words = ''] of partsOf(report).get(name)?.matchAll(ROW) ?? []) {
    const outcome = outcomeOf(words)
    if (outcome.kind === 'open' || !outcomes.has(change)) outcomes.set(change, outcome)
  }
  return outcomes
}

function outcomeOf(words: string): Outcome {
  if (words === REFUSED) return { kind: 'refused' }
  const [, before, file, test] = NOTICED.exec(words) ?? []
  const killer = file === undefined ? undefined : { file, test: test?.replaceAll('\\|', '|') }
  return killer && !before ? { kind: 'killed', killer } : { kind: 'open', killer }
}

function partOf(name: string, trials: readonly Trial[]): string {
  const tried = trials.filter(({ outcome }) => outcome.kind !== 'excused')
  const count = (kind: Outcome['kind']) => trials.filter(({ outcome }) => outcome.kind === kind).length
  const open = count('open') > 0 ? ` ${count('open')} were not tried: the run did not come to its end.` : ''
  return `${name}

${tried.length} changes: ${count('killed')} noticed by a test, ${count('refused')} by the server itself, ${count('survived')} by nobody; ${count('excused')} more are excused.${open}

| line | change | noticed by |
|---|---|---|
${trials.map(row).join('\n')}
`
}

function row({ mutant, outcome }: Trial): string {
  const file = mutant.file.slice(mutant.file.lastIndexOf('/') + 1)
  return `| ${file}:${mutant.line} | ${cell(mutant.change)} | ${said(outcome)} |`
}

/** A change as a table cell: code, in which a bar still has to be escaped. */
export function cell(change: string): string {
  const fence = change.includes('`') ? '``' : '`'
  return `${fence}${change.replaceAll('|', '\\|')}${fence}`
}

function said(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'killed':
      return named(outcome.killer)
    case 'refused':
      return REFUSED
    case 'excused':
      return `excused: ${outcome.reason}`
    case 'survived':
      return '**nobody**'
    case 'open':
      return outcome.killer ? `not tried since ${named(outcome.killer)}` : 'not tried yet'
  }
}

function named({ file, test }: Killer): string {
  return [file, test?.replaceAll('|', '\\|')].filter(Boolean).join(': ')
}
