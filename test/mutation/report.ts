import { readFile, writeFile } from 'node:fs/promises'
import type { Killer, Trial } from './trial.ts'

const REPORT = 'docs/mutation-report.md'

const HEAD = `# Mutation report

Written by \`make mutation\`. Each row is one change to a file, tried alone: a directive or block left out
(\`…\` stands for its lines), or a part of a line left out or replaced, as \`[-what went-]{+what came+}\`. A change is
noticed when the server refuses the file or when an end-to-end test fails; no change that is not excused may survive.
`

/** One target's part of the report, and with it the tests that noticed each change the last time. */
interface Section {
  readonly name: string
  readonly text: string
}

async function readSections(): Promise<readonly Section[]> {
  const text = await readFile(REPORT, 'utf8').catch(() => '')
  return text
    .split(/^(?=## )/m)
    .slice(1)
    .map(part => ({ name: /^## (.*)$/m.exec(part)?.[1] ?? '', text: part }))
}

/** Replaces the parts of the targets that were tried; those of the others stay. */
export async function writeReport(trials: ReadonlyMap<string, readonly Trial[]>): Promise<void> {
  const sections = new Map((await readSections()).map(({ name, text }) => [name, text]))
  for (const [name, tried] of trials) sections.set(name, section(name, tried))
  const ordered = [...sections].toSorted(([one], [other]) => one.localeCompare(other))
  await writeFile(REPORT, [HEAD, ...ordered.map(([, text]) => text.trimEnd())].join('\n').concat('\n'))
}

/** Which test noticed a change the last time: it is asked first. By the text of the change, as the report has it. */
export async function rememberedKillers(): Promise<ReadonlyMap<string, Killer>> {
  const text = (await readSections()).map(section => section.text).join('')
  const rows = text.matchAll(/^\| \S+:\d+ \| (`.*`) \| test\/(\S+)(?:: (.*))? \|$/gm)
  return new Map(
    [...rows].map(([, change = '', file, test]) => [
      change,
      { file: `test/${file}`, test: test?.replaceAll('\\|', '|') },
    ]),
  )
}

function section(name: string, trials: readonly Trial[]): string {
  const tried = trials.filter(({ outcome }) => outcome.kind !== 'excused')
  const count = (kind: Trial['outcome']['kind']) =>
    trials.filter(({ outcome }) => outcome.kind === kind).length
  return `## ${name}

${tried.length} changes: ${count('killed')} noticed by a test, ${count('refused')} by the server itself, ${count('survived')} by nobody; ${count('excused')} more are excused.

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

function said(outcome: Trial['outcome']): string {
  switch (outcome.kind) {
    case 'killed':
      return [outcome.killer.file, outcome.killer.test?.replaceAll('|', '\\|')].filter(Boolean).join(': ')
    case 'refused':
      return 'the server: it refuses the file'
    case 'excused':
      return `excused: ${outcome.reason}`
    case 'survived':
      return '**nobody**'
  }
}
