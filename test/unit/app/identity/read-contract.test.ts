// Promise: no header raises a level without the right proxy secret, and with it only exactly one value of exactly the right form does.
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createIdentifier, type Identified } from '../../../../app/identity/identify.ts'
import type { Reading } from '../../../../app/identity/offer.ts'
import { createContractReader } from '../../../../app/identity/read-contract.ts'
import { HEADER } from '../../../../proxy-configs/header-contract.ts'
import { makeClientCa, makeSelfSigned } from '../../../support/lab.ts'
import { contract, field, makeUser, rawHeaders, SECRET } from '../lab.ts'

let good: string
let own: string
let identify: (reading: Reading) => Identified
beforeAll(async () => {
  const ca = await makeClientCa()
  good = field((await makeUser(ca)).certificate)
  own = field(makeSelfSigned('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256').certificate)
  identify = createIdentifier([ca.certificate], () => new Date())
}, 30_000)

const OTHER_SECRET = '0f0e0d0c0b0a09080706050403020100'
const read = createContractReader([SECRET, OTHER_SECRET])

function identified(headers: Record<string, string | string[]>) {
  const { identity, failure } = identify(read({ rawHeaders: rawHeaders(headers) }))
  return { level: identity.level, verify: identity.verify, via: identity.via, code: failure?.code ?? null }
}

describe('with the right secret', () => {
  it('believes a validated certificate', () => {
    expect(identified(contract({ verify: 'SUCCESS', clientCert: good }))).toEqual({
      level: 'trusted',
      verify: 'SUCCESS',
      via: 'nginx',
      code: null,
    })
  })

  it('believes the other of two secrets while one is replaced', () => {
    const headers = contract({ verify: 'SUCCESS', clientCert: good, proxySecret: OTHER_SECRET })
    expect(identified(headers).level).toBe('trusted')
  })

  it('reads names in any case', () => {
    const headers = Object.entries(contract({ verify: 'SUCCESS', clientCert: good }))
    expect(identified(Object.fromEntries(headers.map(([n, v]) => [n.toUpperCase(), v]))).level).toBe(
      'trusted',
    )
    expect(identified(Object.fromEntries(headers.map(([n, v]) => [n.toLowerCase(), v]))).level).toBe(
      'trusted',
    )
  })

  it('knows nobody without a certificate', () => {
    expect(identified(contract())).toEqual({ level: 'anonymous', verify: 'NONE', via: 'nginx', code: null })
  })

  it('knows a self-signed certificate that the proxy did not validate', () => {
    const headers = contract({ verify: 'FAILED:self-signed certificate', clientCertUnverified: own })
    expect(identified(headers)).toMatchObject({
      level: 'untrusted',
      verify: 'FAILED:self-signed certificate',
    })
  })

  it.each([
    ['a refusal without certificate', { verify: 'FAILED:certificate revoked' }, 'CERT_REFUSED_BY_PROXY'],
    ['no verify state', { verify: undefined, clientCert: 'GOOD' }, 'HEADER_MALFORMED'],
    ['an empty verify state', { verify: '', clientCert: 'GOOD' }, 'HEADER_MALFORMED'],
    ['a verify state that begins right', { verify: 'SUCCESS ', clientCert: 'GOOD' }, 'HEADER_MALFORMED'],
    ['a verify state in lower case', { verify: 'success', clientCert: 'GOOD' }, 'HEADER_MALFORMED'],
    ['joined verify states', { verify: 'NONE, SUCCESS', clientCert: 'GOOD' }, 'HEADER_MALFORMED'],
    ['a reason with a line end', { verify: 'FAILED:a\nb' }, 'HEADER_MALFORMED'],
    ['two verify states', { verify: ['SUCCESS', 'SUCCESS'], clientCert: 'GOOD' }, 'HEADER_REPEATED'],
    ['two certificates', { verify: 'SUCCESS', clientCert: ['GOOD', 'GOOD'] }, 'HEADER_REPEATED'],
    ['success without certificate', { verify: 'SUCCESS' }, 'HEADERS_CONTRADICTORY'],
    ['no certificate with one', { verify: 'NONE', clientCert: 'GOOD' }, 'HEADERS_CONTRADICTORY'],
    ['a failure with a validated one', { verify: 'FAILED:x', clientCert: 'GOOD' }, 'HEADERS_CONTRADICTORY'],
    [
      'success with an unverified one',
      { verify: 'SUCCESS', clientCertUnverified: 'GOOD' },
      'HEADERS_CONTRADICTORY',
    ],
    [
      'both kinds of certificate',
      { verify: 'SUCCESS', clientCert: 'GOOD', clientCertUnverified: 'OWN' },
      'HEADERS_CONTRADICTORY',
    ],
    ['a self-signed one as validated', { verify: 'SUCCESS', clientCert: 'OWN' }, 'HEADERS_CONTRADICTORY'],
    ['Apache without a value', { verify: 'SUCCESS', clientCert: '(null)' }, 'HEADER_MALFORMED'],
    ['HAProxy without a value', { verify: 'SUCCESS', clientCert: '::' }, 'HEADER_MALFORMED'],
    ['an empty certificate', { verify: 'SUCCESS', clientCert: '' }, 'HEADER_MALFORMED'],
    ['base64 of something else', { verify: 'SUCCESS', clientCert: ':TWFu:' }, 'CERT_MALFORMED'],
    [
      'a good one that the proxy refused',
      { verify: 'FAILED:certificate revoked', clientCertUnverified: 'GOOD' },
      'CERT_REFUSED_BY_PROXY',
    ],
  ] as const)('keeps anonymous: %s', (_, over, code) => {
    const real = (value: unknown): unknown =>
      Array.isArray(value) ? value.map(real) : value === 'GOOD' ? good : value === 'OWN' ? own : value
    const entries = Object.entries(over).map(([name, value]) => [name, real(value)])
    expect(identified(contract(Object.fromEntries(entries)))).toMatchObject({ level: 'anonymous', code })
  })

  it('passes on the reason of the proxy when there is no certificate to look at', () => {
    expect(identified(contract({ verify: 'FAILED:CRL has expired' })).verify).toBe('FAILED:CRL has expired')
  })

  it.each([
    ['1.1 nginx', 'nginx'],
    ['1.1 nginx, 1.1 other', null],
    ['nginx', null],
    ['1.1 <b>', null],
    ['', null],
  ])('reads Via %j as %j', (via, expected) => {
    expect(identified(contract({ via })).via).toBe(expected)
  })

  it('believes a request identifier only in a form that no log is broken with', () => {
    const idOf = (requestId: string) => read({ rawHeaders: rawHeaders(contract({ requestId })) }).requestId
    expect(idOf('0a1b-2c')).toBe('0a1b-2c')
    expect(idOf('a b')).toBeNull()
    expect(idOf('x'.repeat(129))).toBeNull()
  })
})

it('refuses to be built without a secret', () => {
  expect(() => createContractReader([])).toThrow(RangeError)
  expect(() => createContractReader([''])).toThrow(RangeError)
})

describe('without the right secret', () => {
  it.each([
    ['none', undefined, 'PROXY_SECRET_MISSING'],
    ['an empty one', '', 'PROXY_SECRET_WRONG'],
    ['another', OTHER_SECRET.replace('0', '1'), 'PROXY_SECRET_WRONG'],
    ['half of it', SECRET.slice(0, 16), 'PROXY_SECRET_WRONG'],
    ['more than it', `${SECRET}0`, 'PROXY_SECRET_WRONG'],
    ['it in upper case', SECRET.toUpperCase(), 'PROXY_SECRET_WRONG'],
    ['it twice', [SECRET, SECRET], 'PROXY_SECRET_WRONG'],
    ['it after a wrong one', ['wrong', SECRET], 'PROXY_SECRET_WRONG'],
    ['it before a wrong one', [SECRET, 'wrong'], 'PROXY_SECRET_WRONG'],
    ['it, joined', `${SECRET}, ${SECRET}`, 'PROXY_SECRET_WRONG'],
  ])('believes nothing: %s', (_, proxySecret, code) => {
    const headers = contract({ verify: 'SUCCESS', clientCert: good, proxySecret })
    expect(identified(headers)).toEqual({ level: 'anonymous', verify: 'NONE', via: null, code })
    expect(read({ rawHeaders: rawHeaders(headers) }).requestId).toBeNull()
  })
})

describe('whatever the headers', () => {
  const name = () =>
    fc
      .constantFrom(...Object.values(HEADER), 'Client-Cert-Chain', '__proto__', 'constructor', 'x')
      .chain(text => fc.constantFrom(text, text.toLowerCase(), text.toUpperCase(), text.replaceAll('-', '_')))
  const value = (secrets: readonly string[]) =>
    fc.oneof(
      fc.constantFrom('SUCCESS', 'NONE', 'FAILED:x', '', '1.1 nginx', ...secrets),
      fc.constantFrom('GOOD', 'OWN').map(which => (which === 'GOOD' ? good : own)),
      fc.string({ unit: 'binary' }),
    )
  const soup = (secrets: readonly string[]) =>
    fc.array(fc.tuple(name(), value(secrets)), { maxLength: 14 }).map(pairs => pairs.flat())

  it('raises nobody without the right secret', () => {
    fc.assert(
      fc.property(soup([SECRET.toUpperCase(), SECRET.slice(1)]), headers => {
        const { identity } = identify(read({ rawHeaders: headers }))
        expect(identity).toMatchObject({ level: 'anonymous', verify: 'NONE', via: null })
      }),
      { numRuns: 500 },
    )
  })

  it('trusts with the right secret exactly one certificate with exactly one SUCCESS', () => {
    fc.assert(
      fc.property(soup([]), headers => {
        const all = ['X-Proxy-Secret', SECRET, ...headers]
        const values = (wanted: string) =>
          all.filter((_, i) => i % 2 === 1 && all[i - 1]?.toLowerCase() === wanted.toLowerCase())
        const isTrusted =
          values(HEADER.proxySecret).length === 1 &&
          String(values(HEADER.verify)) === 'SUCCESS' &&
          String(values(HEADER.clientCert)) === good &&
          values(HEADER.clientCertUnverified).length === 0
        expect(identify(read({ rawHeaders: all })).identity.level === 'trusted').toBe(isTrusted)
      }),
      { numRuns: 500 },
    )
  })
})
