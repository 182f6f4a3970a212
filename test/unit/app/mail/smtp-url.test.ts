// Promise: the address of the mail server is right or refused with a sentence, and its password is said nowhere.
import { describe, expect, it } from 'vitest'
import { parseSmtpUrl } from '../../../../app/mail/smtp-url.ts'

const grace = { user: 'grace', password: 'secret' }
const plain = { isImplicitTls: false, isStartTlsRequired: false, login: undefined }
const startTls = { isImplicitTls: false, isStartTlsRequired: true }
const implicit = { isImplicitTls: true, isStartTlsRequired: false }

it.each([
  ['smtp://mail', { host: 'mail', port: 25, ...plain }],
  ['smtp://mail:1025', { host: 'mail', port: 1025, ...plain }],
  ['smtp://mail:1025/', { host: 'mail', port: 1025, ...plain }],
  ['SMTP://mail.example.org\n', { host: 'mail.example.org', port: 25, ...plain }],
  ['smtp://192.0.2.1', { host: '192.0.2.1', port: 25, ...plain }],
  ['smtp://[2001:db8::1]:2525', { host: '2001:db8::1', port: 2525, ...plain }],
  ['smtps://mail.example.org', { host: 'mail.example.org', port: 465, ...implicit, login: undefined }],
  ['smtp://grace:secret@mail', { host: 'mail', port: 587, ...startTls, login: grace }],
  ['smtps://grace:secret@mail:4650', { host: 'mail', port: 4650, ...implicit, login: grace }],
  [
    'smtp://grace%40example.org:p%40ss%2Fw%3Ard%23@mail',
    { host: 'mail', port: 587, ...startTls, login: { user: 'grace@example.org', password: 'p@ss/w:rd#' } },
  ],
])('reads %s', (url, expected) => {
  expect(parseSmtpUrl(url)).toEqual(expected)
})

function messageOf(url: string): string {
  try {
    parseSmtpUrl(url)
  } catch (error) {
    expect(error).toMatchObject({ name: 'AppError', code: 'CONFIG_INVALID' })
    return (error as Error).message
  }
  throw new Error('It was taken.')
}

describe('refuses', () => {
  it.each([
    ['', 'it begins with neither smtp:// nor smtps://'],
    ['mail.example.org', 'it begins with neither smtp:// nor smtps://'],
    ['smtp://mail:65536', 'it is no URL, or its port is none'],
    ['smtp://mail:port', 'it is no URL, or its port is none'],
    ['smtp://mail:0', 'its port is 0'],
    ['smtp:mail', 'it begins with neither smtp:// nor smtps://'],
    ['smtp://', 'its host is missing or no host name'],
    ['smtp://-mail', 'its host is missing or no host name'],
    ['smtp://ma%0d%0ail', 'its host is missing or no host name'],
    ['mail://mail', 'it begins with neither smtp:// nor smtps://'],
    ['https://mail', 'it begins with neither smtp:// nor smtps://'],
    ['smtp://one two', 'it has a blank or line break in it'],
    ['smtp://one\nsmtp://two', 'it has a blank or line break in it'],
    ['smtp://grace@mail', 'it has only one of user and password'],
    ['smtp://:hunter2@mail', 'it has only one of user and password'],
    ['smtp://grace:hunter2%0d%0aQUIT@mail', 'its user or password has a wrong % or a control character'],
    ['smtp://grace:hunter2%@mail', 'its user or password has a wrong % or a control character'],
  ])('%j: %s', (url, reason) => {
    const message = messageOf(url)
    expect(message).toContain(`The SMTP URL is not usable: ${reason}. It must be smtp://HOST`)
    expect(message).not.toContain('hunter2')
  })

  it.each([
    'smtp://mail/path',
    'smtp://mail?tls=no',
    'smtp://mail#here',
    'smtp://grace:1#hunter2@mail',
    'smtp://grace:1/hunter2@mail',
    'smtp://grace:1?hunter2@mail',
  ])('%s, which has more than a host or a password that is cut short', url => {
    const message = messageOf(url)
    expect(message).toContain('a /, ? or # of the password is not encoded')
    expect(message).not.toContain('hunter2')
  })
})
