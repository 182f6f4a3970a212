// Promise: what others make of our revocation lists is what we say, and nothing holds the others up while one is made.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import * as asn1js from 'asn1js'
import { CertificateRevocationList } from 'pkijs'
import { beforeAll, describe, expect, it } from 'vitest'
import { assertDer } from '../../../pki/assert-der.ts'
import {
  type RevocationListRequest,
  type RevokedCertificate,
  signRevocationList,
} from '../../../pki/certificate-revocation-list.ts'
import { type Authority, issueRoot } from '../../../pki/issue-certificate.ts'
import { generateKey, KEY_TYPES } from '../../../pki/key-type.ts'
import type { ParsedCertificate } from '../../../pki/parse-certificate.ts'
import { encodeRevocationListPem } from '../../../pki/pem.ts'
import { PROFILES } from '../../../pki/profiles.ts'
import { REVOCATION_REASONS, type RevocationReason } from '../../../pki/revocation-reason.ts'
import { makeClient, makeClientCa, NOW, run, save, temporaryFolder } from '../../support/lab.ts'

const HOUR = 3_600_000
const REASONS = Object.keys(REVOCATION_REASONS) as RevocationReason[]

function request(over: Partial<RevocationListRequest> = {}): RevocationListRequest {
  return { number: 1, thisUpdate: NOW, nextUpdate: new Date(NOW.getTime() + HOUR), pages: [], ...over }
}

function entry(serialNumber: string, reason: RevocationReason = 'unspecified'): RevokedCertificate {
  return { serialNumber, revokedAt: NOW, reason }
}

/** What openssl says, whatever it thinks of it. */
function openssl(...words: string[]): string {
  return run('sh', '-c', '"$@" 2>&1 || true', 'sh', 'openssl', ...words)
}

/** `openssl crl` with its verdict about the signature. */
function read(der: Uint8Array, authority: Authority, ...words: string[]): string {
  using folder = temporaryFolder()
  const [ca, crl] = [save(folder.path, 'ca', authority.certificate), join(folder.path, 'crl')]
  writeFileSync(crl, der)
  return openssl('crl', '-inform', 'DER', '-in', crl, '-CAfile', ca, '-verify', '-noout', ...words)
}

function shown(certificate: ParsedCertificate): string {
  using folder = temporaryFolder()
  return openssl('x509', '-in', save(folder.path, 'certificate', certificate), '-noout', '-text')
}

let ca: Authority
beforeAll(async () => {
  ca = await makeClientCa()
})

it.each(KEY_TYPES)('is verified by openssl when %s has signed it', async keyType => {
  const authority = await makeClientCa(keyType)
  const { der } = await signRevocationList(request({ pages: [[entry('01')]] }), authority)
  expect(read(der, authority)).toContain('verify OK')
  expect(read(der, ca)).not.toContain('verify OK')
})

describe('to openssl verify', () => {
  /** What it says of a client certificate when a list with these entries is at hand. */
  async function verdict(entries: (serial: string) => readonly RevokedCertificate[]): Promise<string> {
    using folder = temporaryFolder()
    const { certificate } = await makeClient(ca)
    const { der } = await signRevocationList(request({ pages: [entries(certificate.serialNumber)] }), ca)
    const [issuer, client] = [
      save(folder.path, 'ca', ca.certificate),
      save(folder.path, 'client', certificate),
    ]
    const list = join(folder.path, 'crl.pem')
    writeFileSync(list, encodeRevocationListPem(der))
    const words = ['verify', '-crl_check', '-CAfile', issuer, '-CRLfile', list, client]
    return openssl(...words)
  }

  it('a certificate that is on it is revoked, and another is not', async () => {
    expect(await verdict(() => [])).toMatch(/: OK$/m)
    expect(await verdict(() => [entry('7F'.repeat(16))])).toMatch(/: OK$/m)
    expect(await verdict(serial => [entry('01'), entry(serial, 'keyCompromise')])).toContain(
      'certificate revoked',
    )
  })
})

it('has serial numbers, dates, reasons and extensions as RFC 5280 writes them', async () => {
  const serials = ['01', '80', '00FF', 'FF'.repeat(20), '0A0B', '7FFF', '-01', '8000', '1234']
  const entries = serials.map((serial, i) => entry(serial, REASONS[i]))
  const { der, entries: count } = await signRevocationList(
    request({ number: 0x1234567890, pages: [entries.slice(0, 4), entries.slice(4)] }),
    ca,
  )
  assertDer(der)
  expect(count).toBe(serials.length)
  const list = CertificateRevocationList.fromBER(Uint8Array.from(der))
  expect(list.version).toBe(1)
  expect([list.thisUpdate.value, list.nextUpdate?.value]).toEqual(
    [NOW, new Date(NOW.getTime() + HOUR)].map(at => new Date(Math.floor(at.getTime() / 1000) * 1000)),
  )
  expect(list.crlExtensions?.extensions.map(({ extnID, critical }) => [extnID, critical])).toEqual([
    ['2.5.29.35', false],
    ['2.5.29.20', false],
  ])
  const codes = list.revokedCertificates?.map(({ crlEntryExtensions }) =>
    crlEntryExtensions?.extensions.map(({ extnID, critical, extnValue }) => [
      extnID,
      critical,
      (asn1js.fromBER(extnValue.valueBlock.valueHexView).result as asn1js.Enumerated).valueBlock.valueDec,
    ]),
  )
  expect(codes).toEqual([
    undefined,
    ...REASONS.slice(1).map(reason => [['2.5.29.21', false, REVOCATION_REASONS[reason]]]),
  ])
  const text = read(der, ca, '-text')
  expect([...text.matchAll(/Serial Number: (-?\w+)/g)].map(match => match[1])).toEqual([
    '01',
    '80',
    'FF',
    'FF'.repeat(20),
    '0A0B',
    '7FFF',
    '-01',
    '8000',
    '1234',
  ])
  expect(text).toContain('Certificate Hold')
  expect(text).toMatch(/CRL Number:\s+78187493520\b|CRL Number:\s+0x1234567890/)
  const keyIdentifier = /Subject Key Identifier:\s+([\w:]+)/.exec(shown(ca.certificate))?.[1]
  expect(text).toContain(`Authority Key Identifier: \n                ${keyIdentifier}`)
})

it('has no list of entries when there are none', async () => {
  const { der, entries } = await signRevocationList(request({ pages: [[], []] }), ca)
  expect(entries).toBe(0)
  expect(CertificateRevocationList.fromBER(Uint8Array.from(der)).revokedCertificates).toBeUndefined()
  expect(read(der, ca, '-text')).toContain('No Revoked Certificates')
})

it('passes zlint', async () => {
  using folder = temporaryFolder()
  const usual = REASONS.filter(reason => reason !== 'certificateHold' && !/aCompromise/i.test(reason))
  const { der } = await signRevocationList(request({ pages: [usual.map(reason => entry('0A', reason))] }), ca)
  const path = join(folder.path, 'crl.pem')
  writeFileSync(path, encodeRevocationListPem(der))
  const results: Record<string, { result: string }> = JSON.parse(run('zlint', path))
  expect(Object.keys(results)).toContain('e_crl_has_valid_reason_code')
  expect(Object.entries(results).filter(([, { result }]) => !['pass', 'NA'].includes(result))).toEqual([])
})

it('lets others have their turn between two pages', async () => {
  let turns = 0
  let isDone = false
  async function others(): Promise<void> {
    while (!isDone) {
      turns += 1
      await setImmediate()
    }
  }
  const running = others()
  await signRevocationList(request({ pages: Array.from({ length: 50 }, () => [entry('01')]) }), ca)
  isDone = true
  await running
  expect(turns).toBeGreaterThanOrEqual(50)
})

it('is not signed by an authority that may not', async () => {
  const { privateKey } = await generateKey('ec-p256')
  const profile = { ...PROFILES.clientCa, keyUsage: ['keyCertSign'] as const }
  const subject = [{ type: 'CN', value: 'No lists' }]
  const certificate = await issueRoot({ profile, subject, now: NOW }, privateKey)
  await expect(signRevocationList(request(), { certificate, privateKey })).rejects.toThrow(
    expect.objectContaining({ code: 'CERT_UNSUITABLE' }),
  )
})
