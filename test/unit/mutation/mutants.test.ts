// Promise: every line of a proxy's files is tried or excused, one change at a time, and no excuse outlives its line.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EXCUSES } from '../../mutation/excuses.ts'
import { type Mutant, mutantsOf } from '../../mutation/mutants.ts'
import { TARGETS } from '../../mutation/targets.ts'

const ROOT = join(import.meta.dirname, '../../..')
const files = Object.values(TARGETS).flatMap(({ folder, files: names }) =>
  names.map(name => join(ROOT, folder, name)),
)
const COMMENT = /^\s*(#|--|\/\/|\/\*\*)|^\s*$/

const changes = (file: string, lines: readonly string[]) =>
  mutantsOf(file, lines.join('\n')).map(({ line, change }) => `${line} ${change}`)

describe('the real files', () => {
  it.each(files)('%s: each line is gone in some change', file => {
    const content = readFileSync(file, 'utf8')
    const mutants = mutantsOf(file, content)
    const lines = content.split('\n')
    const kept = lines.filter(
      (line, i) => !COMMENT.test(line) && mutants.every(mutant => keeps(mutant, lines, i)),
    )
    expect(kept).toEqual([])
    for (const mutant of mutants) expect(mutant.content).not.toBe(content)
  })

  it.each(['apache', 'nginx', 'haproxy'] as const)('of %s are all there', name => {
    const { folder, files: names } = TARGETS[name]
    expect(readdirSync(join(ROOT, folder)).toSorted()).toEqual(names.toSorted())
  })

  it('need every excuse that there is', () => {
    const excused = new Set(
      files.flatMap(file => mutantsOf(file, readFileSync(file, 'utf8'))).map(whyExcused),
    )
    expect(EXCUSES.filter(excuse => !excused.has(excuse))).toEqual([])
  })
})

const whyExcused = ({ excuse }: Mutant) => excuse

/** Whether the lines before and after this one moved together: then the line itself is still there. */
function keeps({ line, content }: Mutant, lines: readonly string[], index: number): boolean {
  const gone = lines.length - content.split('\n').length
  return index < line - 1 || index >= line - 1 + gone
}

describe('a change', () => {
  it('leaves out a directive of nginx with all its lines, a block with all its directives', () => {
    const lines = [
      'http {',
      '    log_format a',
      "        'b';",
      '    map $x $y {',
      '        default 1;',
      '        a 2;',
    ]
    expect(changes('nginx.conf', [...lines, '    }', '}'])).toEqual([
      '1 http { …',
      '2 log_format a …',
      '4 map $x $y { …',
      '5 default 1;',
      '6 a 2;',
    ])
  })

  it('leaves out a section of Apache whole where it holds one line', () => {
    const lines = [
      '<VirtualHost *:1>',
      'A b',
      '<Location "/">',
      'Require all denied',
      '</Location>',
      '</VirtualHost>',
    ]
    expect(changes('httpd.conf', lines)).toEqual(['1 <VirtualHost *:1> …', '2 A b', '3 <Location "/"> …'])
  })

  it('loosens a condition of HAProxy term by term', () => {
    const lines = ['frontend a', '    # if x', '    http-request deny if !{ b } c or d', '    no log']
    expect(changes('haproxy.cfg', lines)).toEqual([
      '1 frontend a …',
      '3 http-request deny if !{ b } c or d',
      '3 http-request deny[- if !{ b } c or d-]',
      '3 http-request deny if [-!{ b } c or -]d',
      '3 http-request deny if !{ b } c[- or d-]',
      '3 http-request deny if [-!{ b } -]c or d',
      '3 http-request deny if !{ b } [-c -]or d',
      '4 no log',
    ])
  })

  it('is refused for a file that nobody has said how to read', () => {
    expect(() => mutantsOf('Caddyfile', 'a')).toThrow(/Caddyfile/)
  })
})
