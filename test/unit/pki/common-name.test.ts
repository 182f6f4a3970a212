// A name is what a person reads, and no two people get each other's files.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fileNameFor, nameKey, parseCommonName } from '../../../pki/common-name.ts'

const invalid = expect.objectContaining({ code: 'NAME_INVALID' })

describe('parseCommonName', () => {
  it.each([
    'Grace Hopper',
    "Sinéad O'Connor",
    '李 小龍',
    'Zoë',
    'نازنین‌زهرا',
    'R2-D2',
    'x'.repeat(64),
    '😀 Smith',
    'ACME, Inc.',
  ])('takes %s', name => {
    expect(parseCommonName(name)).toBe(name.normalize('NFC'))
  })

  it.each([
    ['nothing', ''],
    ['a blank at the end', 'Grace '],
    ['65 characters', 'x'.repeat(65)],
    ['NUL', 'Grace\0Hopper'],
    ['a line break', 'Grace\r\nHopper'],
    ['a tabulator', 'Grace\tHopper'],
    ['an escape sequence', 'Grace\u001b[31m'],
    ['a right-to-left override', 'Grace\u202erepoH'],
    ['an isolate', 'Grace\u2066Hopper'],
    ['a zero-width space', 'Grace\u200bHopper'],
    ['half a character', 'Grace\ud83d'],
    ['another attribute', 'alice/CN=admin'],
    ['what stands for no name', '(null)'],
    ['no letter', '---'],
  ])('refuses %s', (_, name) => {
    expect(() => parseCommonName(name)).toThrow(invalid)
  })

  it('writes no control character of a name into its message', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), name => {
        try {
          parseCommonName(name)
        } catch (error) {
          expect((error as Error).message).not.toMatch(/[\p{Cc}]/u)
        }
      }),
    )
  })
})

describe('nameKey', () => {
  it.each([
    ['Grace Hopper', 'grace  HOPPER'],
    ['Zoë', 'Zoe\u0308'],
    ['ﬁnn', 'finn'],
    ['Ｇrace', 'grace'],
  ])('takes %s and %s for one person', (one, other) => {
    expect(nameKey(one)).toBe(nameKey(other))
  })

  it('tells an accent from none', () => {
    expect(nameKey('José')).not.toBe(nameKey('Jose'))
  })
})

describe('fileNameFor', () => {
  const among = (name: string, ...taken: string[]) => fileNameFor(name, fileName => taken.includes(fileName))

  it.each([
    ['Grace Hopper', [], 'grace'],
    ['Grace Kelly', ['grace'], 'grace-kelly'],
    ['Zoë Élan', [], 'zoe'],
    ["O'Brien", [], 'o'],
    ['Grace', ['grace'], /^user-[0-9a-f]{8}$/],
    ['李 小龍', [], /^user-[0-9a-f]{8}$/],
    ['../../etc/passwd', [], 'etc'],
    ['.hidden', [], 'hidden'],
  ])('calls the files of %s, with %j taken, %s', (name, taken, expected) => {
    expect(among(name, ...taken)).toEqual(
      typeof expected === 'string' ? expected : expect.stringMatching(expected),
    )
  })

  it('never leaves the folder, and never needs quoting', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), name => {
        expect(among(name)).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
      }),
    )
  })
})
