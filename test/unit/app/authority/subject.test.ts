// Promise: whatever is asked for as a name, it is refused with a code or becomes one that is fit for a certificate and means what it shows.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  assertNotReserved,
  completeWish,
  distinguishedName,
  parseSubject,
} from '../../../../app/authority/subject.ts'
import { levelOfIssued } from '../../../../app/identity/levels.ts'
import { nameKey } from '../../../../pki/common-name.ts'
import { PkiError } from '../../../../pki/errors.ts'
import { inertName } from '../../../../pki/inert-text.ts'
import { parseSigningRequest, type SigningRequest } from '../../../../pki/signing-request.ts'
import { applicant } from '../api-lab.ts'

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.constantFrom(
    'CA admins',
    'ca  admins',
    'ＣＡ ａｄｍｉｎｓ',
    'Grace\u202eHopper',
    '(null)',
    '',
    ' ',
    'a=b',
    'ﬁ',
  ),
)
const anyName = fc.array(
  fc.record({ type: fc.constantFrom('CN', 'O', 'OU', 'emailAddress', '1.2.3'), value: anyText }),
  { maxLength: 5 },
)
const wishes = fc.record({ commonName: anyText, organisation: anyText, email: anyText }, { requiredKeys: [] })

function attempt<Result>(work: () => Result): Result | undefined {
  try {
    return work()
  } catch (error) {
    expect(error).toBeInstanceOf(PkiError)
    const { code, message, isUsage } = error as PkiError
    expect(['NAME_INVALID', 'EMAIL_INVALID']).toContain(code)
    expect(isUsage).toBe(true)
    expect(message).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    return undefined
  }
}

describe('anything', () => {
  it('is refused with a code, or becomes names that are shown as they are', () => {
    fc.assert(
      fc.property(wishes, wish => {
        const subject = attempt(() => parseSubject(wish))
        if (!subject) return
        for (const name of [subject.commonName, subject.organisation ?? 'x']) {
          expect(inertName(name).replaceAll(/\uFFFD/g, '')).toBe(name.replaceAll(/[\u200c\u200d]/g, ''))
          expect(name).toBe(name.normalize('NFKC'))
          expect([...name].length).toBeLessThanOrEqual(64)
        }
        // What is parsed stays what it is.
        expect(
          parseSubject({ ...subject, organisation: subject.organisation ?? '', email: subject.email ?? '' }),
        ).toEqual(subject)
        expect(distinguishedName(subject).filter(({ type }) => type === 'CN')).toEqual([
          { type: 'CN', value: subject.commonName },
        ])
      }),
      { numRuns: 500 },
    )
  })

  it('that is not refused as reserved makes nobody an administrator', () => {
    fc.assert(
      fc.property(anyText, organisation => {
        const subject = attempt(() => parseSubject({ commonName: 'Ada', organisation }))
        if (!subject) return
        try {
          assertNotReserved(subject, [])
        } catch (error) {
          expect(error).toMatchObject({ code: 'ORGANISATION_RESERVED' })
          return
        }
        expect(levelOfIssued(subject.organisation)).toBe('trusted')
        expect(nameKey(subject.organisation ?? '')).not.toBe(nameKey('CA admins'))
      }),
    )
  })

  it('in a signing request counts only where the wish leaves it out, and only once', async () => {
    const request = parseSigningRequest((await applicant('Ada')).csr)
    fc.assert(
      fc.property(wishes, anyName, fc.array(anyText, { maxLength: 2 }), (wish, subject, emails) => {
        const whole = completeWish(wish, { ...request, subject, emails } as SigningRequest)
        for (const [field, type] of [
          ['commonName', 'CN'],
          ['organisation', 'O'],
        ] as const) {
          const named = subject.filter(attribute => attribute.type === type).map(({ value }) => value)
          expect(whole[field]).toBe(wish[field] ?? (named.length === 1 ? named[0] : undefined))
        }
        expect(completeWish(wish, undefined)).toEqual(wish)
        attempt(() => parseSubject(whole))
      }),
    )
  })
})

it.each(['CA admins', 'Gatehouse'])('%s is nobody’s for the asking, whatever is configured', organisation => {
  const subject = parseSubject({ commonName: 'Ada', organisation })
  expect(() => assertNotReserved(subject, [])).toThrow(/given by an administrator only/)
})

describe('a name', () => {
  it.each([
    ['full-width letters', 'Ａｄａ', 'Ada'],
    ['a ligature', 'Sofﬁa', 'Soffia'],
    ['a letter and its accent', 'Rene\u0301e', 'Renée'],
  ])('of %s is written as it is meant', (_, commonName, expected) => {
    expect(parseSubject({ commonName }).commonName).toBe(expected)
  })

  it.each(['李小龍', 'Ольга', 'محمد', 'Zoë Ünal', "O'Brien-Smith", 'नेहा'])('of people: %s', commonName => {
    expect(parseSubject({ commonName }).commonName).toBe(commonName.normalize('NFKC'))
  })
})
