// What is typed is taken in every usual spelling, and refused in one sentence otherwise.
import { expect, it } from 'vitest'
import { keyTypeOf } from '../../../cli/commands/cert.ts'
import { describeDuration, parseDuration } from '../../../cli/duration.ts'
import { parseSerial } from '../../../cli/serial-number.ts'
import { parseServerUrl } from '../../../cli/server-url.ts'

const usage = (message: RegExp) =>
  expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(message) })

it.each([
  ['30d', 30 * 86_400_000],
  ['12h', 12 * 3_600_000],
  ['90m', 90 * 60_000],
])('a time of %s', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds)
})

it.each(['', '30', 'd', '-1d', '1.5d', '30 d', '30D', '1000000d'])('no time: "%s"', text => {
  expect(() => parseDuration(text)).toThrow(usage(/30d, 12h or 90m/))
})

it.each([
  [86_400_000 * 31, '31 days'],
  [86_400_000, '24 hours'],
  [3_600_000, '1 hour'],
  [10, '0 hours'],
])('%i milliseconds are %s', (milliseconds, text) => {
  expect(describeDuration(milliseconds)).toBe(text)
})

it.each(['1d1d2eb8', '1D:1D:2E:B8', ' 1D 1D 2E B8'])('the serial number "%s"', text => {
  expect(parseSerial(text)).toBe('1D1D2EB8')
})

it.each(['', 'xyz', '../ca', '0'.repeat(41), '1D/2E'])('no serial number: "%s"', text => {
  expect(() => parseSerial(text)).toThrow(usage(/hexadecimal/))
})

it.each(['https://gatehouse.localhost:8442/', 'https://[::1]:8440/app/', 'https://a.example'])(
  'the server %s',
  url => {
    expect(parseServerUrl(url).href).toBe(new URL(url).href)
  },
)

it.each([
  'http://gatehouse.localhost/',
  'gatehouse.localhost',
  'https://grace:secret@a.example/',
  'https://a.example/?x=1',
  'https://a.example/#x',
  '',
])('no server: "%s"', text => {
  expect(() => parseServerUrl(text)).toThrow(usage(/https:\/\/gatehouse\.localhost/))
})

it.each([
  [{ algorithm: 'ec' }, 'ec-p256'],
  [{ algorithm: 'EC', curve: 'secp384r1' }, 'ec-p384'],
  [{ algorithm: 'ec', curve: 'prime256v1' }, 'ec-p256'],
  [{ algorithm: 'ec', curve: 'secp256r1' }, 'ec-p256'],
  [{ algorithm: 'rsa' }, 'rsa-3072'],
  [{ algorithm: 'rsa', bits: '2048' }, 'rsa-2048'],
])('the key %j', (options, expected) => {
  expect(keyTypeOf(options)).toBe(expected)
})

it.each([
  [{ algorithm: 'dsa' }, /ec, rsa/],
  [{ algorithm: 'constructor' }, /ec, rsa/],
  [{ algorithm: 'ec', curve: 'secp256k1' }, /secp384r1/],
  [{ algorithm: 'rsa', bits: '1024' }, /2048, 3072, 4096/],
  [{ algorithm: 'ec', bits: '2048' }, /-b is for rsa/],
  [{ algorithm: 'rsa', curve: 'secp384r1' }, /-c is for ec/],
])('no key: %j', (options, message) => {
  expect(() => keyTypeOf(options)).toThrow(usage(message))
})
