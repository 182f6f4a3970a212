// Exactly one DER certificate is read, completely; everything else is refused in one way.
import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { attributes, soleAttribute } from '../../../pki/distinguished-name.ts'
import { PkiError } from '../../../pki/errors.ts'
import { type ParsedCertificate, parseCertificate } from '../../../pki/parse-certificate.ts'
import { encodeCertificatePem } from '../../../pki/pem.ts'
import { makeClient, makeClientCa, makeSelfSigned } from '../../support/lab.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const malformed = expect.objectContaining({ code: 'CERT_MALFORMED' })
let grace: ParsedCertificate
beforeAll(async () => {
  grace = (await makeClient(await makeClientCa())).certificate
})

/** The outermost length in three octets instead of two: BER, not DER. */
function longForm(der: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([0x30, 0x83, 0]), der.subarray(2)])
}

/** Indefinite length, ended by two zero octets: BER. */
function indefinite(der: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([0x30, 0x80]), der.subarray(4), Buffer.from([0, 0])])
}

describe('parseCertificate', () => {
  it('reads what OpenSSL reads', () => {
    const x509 = new X509Certificate(grace.der)
    expect(grace).toMatchObject({
      version: 3,
      serialNumber: x509.serialNumber,
      serialOctets: 16,
      notBefore: x509.validFromDate,
      notAfter: x509.validToDate,
      fingerprint256: x509.fingerprint256.replaceAll(':', ''),
      publicKey: { type: 'ec', curve: 'P-256' },
      isCa: false,
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.2'],
      emails: ['grace@gatehouse.localhost'],
      subject: [
        { type: 'O', value: 'Gatehouse' },
        { type: 'CN', value: 'Grace Hopper' },
      ],
    })
  })

  it('keeps its own copy of the bytes', () => {
    const buffer = Buffer.from(grace.der)
    const { der } = parseCertificate(buffer)
    buffer.fill(0)
    expect(der).toEqual(grace.der)
  })

  it.each([
    ['nothing', () => new Uint8Array()],
    ['PEM', () => Buffer.from(encodeCertificatePem(grace.der))],
    ['a byte after it', () => Buffer.concat([grace.der, Buffer.from([0])])],
    ['two certificates', () => Buffer.concat([grace.der, grace.der])],
    ['the last byte missing', () => grace.der.subarray(0, -1)],
    ['a length in more octets than needed', () => longForm(grace.der)],
    ['an indefinite length', () => indefinite(grace.der)],
    ['DER that is no certificate', () => Uint8Array.from([0x30, 0x03, 0x02, 0x01, 0x05])],
    ['thousands of nested sequences', () => Buffer.concat(Array(20_000).fill(Buffer.from([0x30, 0x80])))],
  ])('refuses %s', (_, bytes) => {
    expect(() => parseCertificate(bytes())).toThrow(malformed)
  })

  it('refuses an extension that occurs twice', () => {
    const { certificate } = makeSelfSigned('-addext', '1.2.3.4=ASN1:NULL', '-addext', '1.2.3.5=ASN1:NULL')
    const der = Buffer.from(certificate.der)
    der[der.indexOf(Buffer.from([0x06, 0x03, 0x2a, 0x03, 0x05])) + 4] = 0x04
    expect(() => parseCertificate(der)).toThrow(malformed)
  })

  it('refuses BER within an extension', () => {
    expect(() => makeSelfSigned('-addext', 'extendedKeyUsage=DER:30810a06082b06010505070302')).toThrow(
      malformed,
    )
  })

  it('throws nothing but CERT_MALFORMED for arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
        expect(() => parseCertificate(bytes)).toThrow(malformed)
      }),
    )
  })

  it('throws nothing but CERT_MALFORMED, or reads, when some bytes are changed', () => {
    const change = fc.tuple(fc.nat(grace.der.length - 1), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), changes => {
        const der = Buffer.from(grace.der)
        for (const [offset, value] of changes) der[offset] = value
        try {
          expect(Buffer.from(parseCertificate(der).der).equals(der)).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(PkiError)
          expect(error).toEqual(malformed)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('serial numbers', () => {
  it.each([
    ['0x0a1b', '0A1B', 2],
    ['0x80', '80', 2],
    ['0', '00', 1],
    ['-5', '-05', 1],
    ['-256', '-0100', 2],
    [`0x${'7f'.repeat(20)}`, '7F'.repeat(20), 20],
  ])('reads %s as %s', (given, hex, octets) => {
    const { certificate } = makeSelfSigned('-set_serial', given)
    expect(certificate).toMatchObject({ serialNumber: hex, serialOctets: octets })
  })
})

describe('names', () => {
  const subject = (text: string, ...options: string[]) =>
    makeSelfSigned('-subj', text, ...options).certificate.subject

  it('keeps what looks like another attribute inside of the value', () => {
    expect(subject('/CN=alice\\/CN=admin,O=CA admins')).toEqual([
      { type: 'CN', value: 'alice/CN=admin,O=CA admins' },
    ])
  })

  it('gives no sole value to a type that occurs twice, also in one set', () => {
    for (const text of ['/CN=alice/CN=admin', '/CN=alice+CN=admin']) {
      const name = subject(text, ...(text.includes('+') ? ['-multivalue-rdn'] : []))
      expect(attributes(name, 'CN')).toEqual(expect.arrayContaining(['alice', 'admin']))
      expect(soleAttribute(name, 'CN')).toBeUndefined()
    }
  })
})
