// Columns stay columns, whatever the names are, and nothing of a name acts on the terminal.
import { expect, it } from 'vitest'
import { formatFields, formatTable, shorten, textWidth } from '../../../cli/table.ts'

const ESC = '\u001b'

it.each([
  ['Grace', 5],
  ['李小龍', 6],
  ['Zoe\u0308', 3],
  ['ｗｉｄｅ', 8],
  ['🙂', 2],
  ['한글', 4],
])('%s takes %i columns', (text, columns) => {
  expect(textWidth(text)).toBe(columns)
})

it('lines up what is wide and what is narrow', () => {
  const lines = formatTable({
    head: ['NAME', 'UNTIL'],
    rows: [
      ['李小龍', '2027'],
      ['Ada Lovelace', '2028'],
    ],
  })
  expect(lines).toEqual(['NAME          UNTIL', '李小龍        2027', 'Ada Lovelace  2028'])
})

it('cuts the widest column, and none that is no use when cut', () => {
  const serial = '0123456789ABCDEF0123456789ABCDEF'
  const name = 'Ada Lovelace, Countess of Lovelace'
  const lines = formatTable({ head: ['SERIAL', 'NAME'], rows: [[serial, name]], fixed: [0] }, 46)
  expect(lines[1]).toBe(`${serial}  Ada Lovelac…`)
  expect(textWidth(lines[1] ?? '')).toBe(46)
})

it('cuts nothing where no terminal is', () => {
  const name = 'x'.repeat(300)
  expect(formatTable({ head: ['NAME'], rows: [[name]] })[1]).toBe(name)
})

it('never cuts a wide character in two', () => {
  expect(shorten('李小龍', 4)).toBe('李…')
})

it('shows what would move the cursor or turn the direction as U+FFFD', () => {
  const hostile = `Eve${ESC}[2J\u202e\r\n\u2028`
  const [, row] = formatTable({ head: ['NAME'], rows: [[hostile]] })
  expect(row).toBe('Eve\uFFFD[2J\uFFFD\uFFFD\uFFFD\uFFFD')
  expect(formatFields({ name: hostile, organisation: null })).toEqual([
    'name  Eve\uFFFD[2J\uFFFD\uFFFD\uFFFD\uFFFD',
  ])
})
