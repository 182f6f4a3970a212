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
    '山田 エミリーさん R2',
    '王小明 ㄒㄧㄠˇ Wang',
    '김 철수 金 Kim',
    'Григорий Перельман',
    'Ελένη Γλύκατζη-Αρβελέρ',
    'أحمد زويل',
    'משה כהן',
    'सी॰ वी॰ रमन',
    'நா. முத்துக்குமார்',
    'Nguyễn Phú Trọng',
    'Zoe\u0308',
    '✌️ Smith',
  ])('takes %s', name => {
    expect(parseCommonName(name)).toBe(name.normalize('NFC'))
  })

  it.each([
    ['full-width letters', 'Ｇｒａｃｅ', 'Grace'],
    ['ligatures', 'ﬁnn', 'finn'],
    ['a no-break space', 'Grace\u00a0Hopper', 'Grace Hopper'],
    ['half-width katakana', 'ｴﾐ', 'エミ'],
  ])('writes %s as the usual letters', (_, name, written) => {
    expect(parseCommonName(name)).toBe(written)
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
    ['nothing that is seen, though a letter by its category', '\u3164'],
    ['a soft hyphen', 'Gra\u00adce'],
    ['a variation selector that no picture needs', 'Grace\ufe00'],
    ['an interlinear annotation', 'Grace\ufff9'],
    ['Cyrillic letters in a Latin name', 'Grace H\u043e\u0440per'],
    ['Greek letters in a Latin name', 'Gr\u03b1ce'],
    ['Latin letters in a Cyrillic name', 'Григopий'],
    ['Hiragana with Hangul', 'あ김'],
    ['Cherokee, which looks like Latin capitals', 'ᎠᎡᎢ'],
    ['what becomes a blank at the end', 'Grace\u3000'],
    ['what becomes 18 times as long', '\ufdfa'.repeat(4)],
  ])('refuses %s', (_, name) => {
    expect(() => parseCommonName(name)).toThrow(invalid)
  })

  it('says which rule a name of two scripts breaks', () => {
    expect(() => parseCommonName('Grace H\u043e\u0440per', 'The organisation')).toThrow(
      /^The organisation must not be "Grace Hорper": it mixes letters of several scripts/,
    )
  })

  it('throws nothing but what it says, with nothing in the message that plays the trick it reports', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), name => {
        try {
          parseCommonName(name)
        } catch (error) {
          expect(error).toEqual(invalid)
          expect((error as Error).message).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
        }
      }),
      { examples: [['\u007f'], ['\u0085x'], ['\u202ex'], ['\u{e0041}x']] },
    )
  })

  it('takes what it gave, and gives the same', () => {
    let taken = 0
    fc.assert(
      fc.property(NAME, name => {
        const parsed = parsedOrNothing(name)
        if (parsed === undefined) return
        taken += 1
        expect(parseCommonName(parsed)).toBe(parsed)
        expect(parsed.normalize('NFKC')).toBe(parsed)
      }),
      { numRuns: 2000 },
    )
    expect(taken).toBeGreaterThan(200)
  })
})

/** Of one script mostly, so that many are taken. */
const NAME = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }),
  ...['Aaßéﬁ Ｇ\u0301', 'Аяйё \u0301', 'Ωϊσςΰ \u0345', '李カか ー', 'ااَ\u200c ه'].map(letters =>
    fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 20 }),
  ),
)

function parsedOrNothing(name: string): string | undefined {
  try {
    return parseCommonName(name)
  } catch {
    return undefined
  }
}

describe('nameKey', () => {
  it.each([
    ['Grace Hopper', 'grace  HOPPER'],
    ['Zoë', 'Zoe\u0308'],
    ['ﬁnn', 'finn'],
    ['Ｇrace', 'grace'],
    ['Grace Hopper', 'ＧＲＡＣＥ\u3000ＨＯＰＰＥＲ'],
    ['Grace Hopper', 'Grace H\u043e\u0440per'],
    ['Grace Hopper', 'Gra\u200dce Hopper\u00ad'],
    ['TOM', 'ТОМ'],
    ['Tom', 'том'],
    ['NIK BOX', 'ΝΙΚ ΒΟΧ'],
    ['Emma', 'Ernrna'],
    ['Olga', '0lga'],
    ['Bill', 'BiIl'],
    ['Bill', 'Bi1l'],
    ["Sinéad O'Connor", 'Sinéad O’Connor'],
    ['Straße', 'STRASSE'],
    ['ΟΔΥΣΣΕΑΣ', 'Οδυσσέας'.normalize('NFD').replaceAll('\u0301', '')],
    ['نازنین‌زهرا', 'نازنینزهرا'],
    ['CA admins', 'СА admins'],
  ])('takes %s and %s for one person', (one, other) => {
    expect(nameKey(one)).toBe(nameKey(other))
  })

  it.each([
    ['Григорий', 'Георгий'],
    ['Anna', 'Hanna'],
    ['李 小龍', '李 小龙'],
    ['Grace Hopper', 'Grace Hoper'],
    ['Zoë', 'Zoe'],
    ['R2', 'R3'],
  ])('takes %s and %s for two', (one, other) => {
    expect(nameKey(one)).not.toBe(nameKey(other))
  })

  it('of ASCII merges nothing but what looks alike in one case or the other', () => {
    const characters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789']
    const groups = Object.values(Object.groupBy(characters, nameKey)).map(group => group?.join(''))
    const others = groups.filter(
      group => group && group.toLowerCase() !== `${group[0]}${group[0]}`.toLowerCase(),
    )
    expect(others.filter(group => group && group.length > 1).toSorted()).toEqual(['ILil1', 'Oo0'])
  })

  it('is the same for every case, width and composition, and of itself', () => {
    const variants: readonly ((name: string) => string)[] = [
      nameKey,
      name => name.toUpperCase(),
      name => name.toLowerCase(),
      name => name.normalize('NFD'),
      name => name.normalize('NFKC'),
      name => ` ${name.replaceAll(' ', '\u3000 ')}\t`,
      name => name.replaceAll(/[!-~]/g, character => String.fromCharCode(character.charCodeAt(0) + 0xfee0)),
    ]
    fc.assert(
      fc.property(
        fc.oneof(NAME, fc.string({ unit: 'binary' })),
        fc.constantFrom(...variants),
        (name, vary) => {
          expect(nameKey(vary(name))).toBe(nameKey(name))
        },
      ),
      { numRuns: 3000 },
    )
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
