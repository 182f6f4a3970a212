// Promise: mails come from one address, which is right or refused with a sentence.
import { expect, it } from 'vitest'
import { parseMailFrom } from '../../../../app/mail/mail-from.ts'

it.each([
  ['ca@example.org', { name: '', address: 'ca@example.org' }],
  ['<ca@example.org>', { name: '', address: 'ca@example.org' }],
  ['Gatehouse <ca@example.org>\n', { name: 'Gatehouse', address: 'ca@example.org' }],
  ['"House, of gates" <ca@example.org>', { name: 'House, of gates', address: 'ca@example.org' }],
  ['Torhaus Zürich <ca@example.org>', { name: 'Torhaus Zürich', address: 'ca@example.org' }],
])('reads %j', (text, expected) => {
  expect(parseMailFrom(text)).toEqual(expected)
})

it.each([
  '',
  'Gatehouse',
  'ca@',
  'ca@example.org, eve@example.org',
  'Gatehouse <ca@example.org> <eve@example.org>',
  'Gatehouse <ca@example.org',
  'Gatehouse\r\nBcc: eve@example.org <ca@example.org>',
  'Gate\u202ehouse <ca@example.org>',
  'ca@example.org\r\nBcc: eve@example.org',
  'cä@example.org',
])('refuses %j', text => {
  expect(() => parseMailFrom(text)).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(
        `The sender of mails must not be ${JSON.stringify(text)}. It must be an address`,
      ),
    }),
  )
})
