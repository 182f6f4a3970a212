// What an operator types is taken exactly, or refused with what is taken.
import { describe, expect, it } from 'vitest'
import { parseEmailAddress } from '../../../pki/email-address.ts'
import { parseHost } from '../../../pki/host-name.ts'
import { parseKeyType } from '../../../pki/key-type.ts'
import { PROFILES, parseDays } from '../../../pki/profiles.ts'

const refused = (code: string) => expect.objectContaining({ code, isUsage: true })

describe('parseHost', () => {
  it.each([
    ['Gatehouse.Example.org', { type: 'dns', name: 'gatehouse.example.org' }],
    ['xn--bcher-kva.example', { type: 'dns', name: 'xn--bcher-kva.example' }],
    ['10.1.2.3', { type: 'ip', address: '10.1.2.3', octets: Uint8Array.of(10, 1, 2, 3) }],
    ['::1', { type: 'ip', octets: Uint8Array.from([...Array(15).fill(0), 1]) }],
    [
      '2001:DB8::5',
      { type: 'ip', octets: Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5) },
    ],
    ['::ffff:10.0.0.1', { octets: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1) }],
  ])('takes %s', (text, host) => {
    expect(parseHost(text)).toMatchObject(host)
  })

  it.each([
    '',
    ' ',
    '*.example.org',
    'https://example.org',
    'example.org:8443',
    'a_b.example',
    '-a.example',
    'a..b',
    'example.org.',
    'bücher.example',
    '127.1',
    '1.2.3.256',
    'fe80::1%eth0',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(127)}a`,
  ])('refuses "%s"', text => {
    expect(() => parseHost(text)).toThrow(refused('HOST_INVALID'))
  })
})

describe('parseDays', () => {
  it.each(['1', '90', '825'])('takes %s for a user', text => {
    expect(parseDays(text, PROFILES.client)).toBe(Number(text))
  })
  it.each(['0', '-1', '826', '1.5', '1e2', '', ' 5', 'NaN', '99999999999'])('refuses "%s"', text => {
    expect(() => parseDays(text, PROFILES.client)).toThrow(refused('DAYS_INVALID'))
  })
})

describe('parseKeyType', () => {
  it('takes upper and lower case', () => {
    expect(parseKeyType('RSA-2048')).toBe('rsa-2048')
  })
  it.each(['rsa-1024', 'rsa', '', 'toString'])('refuses "%s"', text => {
    expect(() => parseKeyType(text)).toThrow(refused('KEY_TYPE_UNSUPPORTED'))
  })
  it('says why Ed25519 is refused', () => {
    expect(() => parseKeyType('Ed25519')).toThrow(/NSS/)
  })
})

describe('parseEmailAddress', () => {
  it.each(['grace@gatehouse.localhost', "o'brien+x@example.org"])('takes %s', text => {
    expect(parseEmailAddress(text)).toBe(text)
  })
  it.each([
    '',
    'grace',
    '@example.org',
    'a b@example.org',
    'a@b@c',
    'a@b\n',
    'zoë@example.org',
    `${'a'.repeat(250)}@b.cd`,
  ])('refuses %j', text => {
    expect(() => parseEmailAddress(text)).toThrow(refused('EMAIL_INVALID'))
  })
})
