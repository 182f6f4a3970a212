// Exactly the certificates that the client CA issued for logging in are accepted, each other one for its own reason.
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { Authority } from '../../../pki/issue-certificate.ts'
import { KEY_TYPES } from '../../../pki/key-type.ts'
import { type ParsedCertificate, parseCertificate } from '../../../pki/parse-certificate.ts'
import { PROFILES } from '../../../pki/profiles.ts'
import { verifyIssued, verifySelfSigned, verifyValidity } from '../../../pki/verify-certificate.ts'
import { makeClient, makeClientCa, makeSelfSigned, makeWithOpenssl, NOW } from '../../support/lab.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let ca: Authority
beforeAll(async () => {
  ca = await makeClientCa()
})

const CA_FALSE = 'basicConstraints=critical,CA:FALSE'
const SIGNS = 'keyUsage=critical,digitalSignature'
const CLIENT = 'extendedKeyUsage=clientAuth'

type Make = () => ParsedCertificate | Promise<ParsedCertificate>

async function fromTwin(): Promise<ParsedCertificate> {
  return (await makeClient(await makeClientCa())).certificate
}

/** The CA's own signature, under a name that it did not sign. */
async function changedName(): Promise<ParsedCertificate> {
  const { certificate } = await makeClient(ca, { commonName: 'Grace Hopper' })
  const der = Buffer.from(certificate.der)
  der.write('Alice', der.indexOf('Grace'))
  return parseCertificate(der)
}

const REFUSED: readonly (readonly [string, string, RegExp, Make])[] = [
  [
    'one of more than 8192 octets',
    'CERT_UNSUITABLE',
    /larger than 8192/,
    async () => (await makeClient(ca, { commonName: 'x'.repeat(8000) })).certificate,
  ],
  ['version 1', 'CERT_UNSUITABLE', /version 3/, () => makeWithOpenssl(ca, { extensions: [] })],
  [
    'a CA',
    'CERT_UNSUITABLE',
    /authority/,
    () => makeWithOpenssl(ca, { extensions: ['basicConstraints=critical,CA:TRUE', SIGNS, CLIENT] }),
  ],
  [
    'the usage of a CA',
    'CERT_UNSUITABLE',
    /authority/,
    () => makeWithOpenssl(ca, { extensions: [CA_FALSE, 'keyUsage=digitalSignature,keyCertSign', CLIENT] }),
  ],
  [
    'no key usage',
    'CERT_UNSUITABLE',
    /digitalSignature/,
    () => makeWithOpenssl(ca, { extensions: [CA_FALSE, CLIENT] }),
  ],
  [
    'another key usage',
    'CERT_UNSUITABLE',
    /digitalSignature/,
    () => makeWithOpenssl(ca, { extensions: [CA_FALSE, 'keyUsage=keyAgreement', CLIENT] }),
  ],
  [
    'no extended key usage',
    'CERT_UNSUITABLE',
    /clientAuth/,
    () => makeWithOpenssl(ca, { extensions: [CA_FALSE, SIGNS] }),
  ],
  [
    'the usage of a server',
    'CERT_UNSUITABLE',
    /clientAuth/,
    async () => (await makeClient(ca, { profile: PROFILES.server })).certificate,
  ],
  [
    'any extended key usage',
    'CERT_UNSUITABLE',
    /any purpose/,
    () =>
      makeWithOpenssl(ca, {
        extensions: [CA_FALSE, SIGNS, 'extendedKeyUsage=clientAuth,anyExtendedKeyUsage'],
      }),
  ],
  [
    'an unknown critical extension',
    'CERT_UNSUITABLE',
    /critical extension/,
    () => makeWithOpenssl(ca, { extensions: [CA_FALSE, SIGNS, CLIENT, '1.2.3.4=critical,ASN1:NULL'] }),
  ],
  [
    'serial number 0',
    'CERT_UNSUITABLE',
    /serial number/,
    () => makeWithOpenssl(ca, { sign: ['-days', '2', '-set_serial', '0'] }),
  ],
  [
    'a negative serial number',
    'CERT_UNSUITABLE',
    /serial number/,
    () => makeWithOpenssl(ca, { sign: ['-days', '2', '-set_serial', '-5'] }),
  ],
  [
    'a serial number of 21 octets',
    'CERT_UNSUITABLE',
    /serial number/,
    () => makeWithOpenssl(ca, { sign: ['-days', '2', '-set_serial', `0x7f${'00'.repeat(20)}`] }),
  ],
  ['SHA-1', 'CERT_UNSUITABLE', /SHA-256/, () => makeWithOpenssl(ca, { sign: ['-days', '2', '-sha1'] })],
  [
    'RSA of 1024 bit',
    'CERT_UNSUITABLE',
    /RSA of 2048/,
    () => makeWithOpenssl(ca, { key: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'] }),
  ],
  [
    'RSA with exponent 3',
    'CERT_UNSUITABLE',
    /exponent/,
    () => makeWithOpenssl(ca, { key: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_pubexp:3'] }),
  ],
  [
    'another curve',
    'CERT_UNSUITABLE',
    /P-256/,
    () => makeWithOpenssl(ca, { key: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'] }),
  ],
  [
    'expired',
    'CERT_EXPIRED',
    /expired at/,
    async () =>
      (await makeClient(ca, { now: new Date(NOW.getTime() - 3 * 86_400_000), days: 1 })).certificate,
  ],
  [
    'not valid yet',
    'CERT_NOT_YET_VALID',
    /becomes valid at/,
    async () => (await makeClient(ca, { now: new Date(NOW.getTime() + 3_600_000) })).certificate,
  ],
  ['another CA of the same name', 'CERT_ISSUER_UNKNOWN', /not issued by/, fromTwin],
  ['self-signed', 'CERT_ISSUER_UNKNOWN', /not issued by/, () => makeSelfSigned().certificate],
  [
    'self-signed under the name of the CA',
    'CERT_ISSUER_UNKNOWN',
    /not issued by/,
    () => makeSelfSigned('-subj', '/O=Gatehouse/CN=Gatehouse client CA').certificate,
  ],
  ['a changed name', 'CERT_SIGNATURE_INVALID', /did not sign/, changedName],
  ['the CA itself', 'CERT_UNSUITABLE', /authority/, () => ca.certificate],
]

describe('verifyIssued', () => {
  it.each(REFUSED)('refuses %s', async (_, code, reason, make) => {
    const certificate = await make()
    expect(() => verifyIssued(certificate, ca.certificate, NOW)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(reason) }),
    )
  })

  it.each(KEY_TYPES)('accepts what the CA issues, with %s', async keyType => {
    const authority = await makeClientCa(keyType)
    const { certificate } = await makeClient(authority, { keyType })
    expect(() => verifyIssued(certificate, authority.certificate, NOW)).not.toThrow()
  })

  it('refuses everybody when the CA itself has expired', async () => {
    const longer = { ...ca.certificate, notAfter: new Date(ca.certificate.notAfter.getTime() + 86_400_000) }
    const now = new Date(ca.certificate.notAfter.getTime() - 3_600_000)
    const { certificate } = await makeClient({ ...ca, certificate: longer }, { now, days: 1 })
    const later = new Date(ca.certificate.notAfter.getTime() + 1000)
    expect(() => verifyValidity(certificate, later)).not.toThrow()
    expect(() => verifyIssued(certificate, ca.certificate, later)).toThrow(
      expect.objectContaining({ code: 'CERT_EXPIRED' }),
    )
  })

  it('refuses an issuer that is no CA', () => {
    const issuer = makeSelfSigned('-addext', 'basicConstraints=critical,CA:FALSE')
    const certificate = makeWithOpenssl(issuer, {})
    expect(() => verifyIssued(certificate, issuer.certificate, NOW)).toThrow(
      expect.objectContaining({ code: 'CERT_ISSUER_UNKNOWN' }),
    )
  })
})

describe('verifyValidity', () => {
  it('counts both ends in', async () => {
    const { certificate } = await makeClient(ca)
    const { notBefore, notAfter } = certificate
    expect(() => verifyValidity(certificate, notBefore)).not.toThrow()
    expect(() => verifyValidity(certificate, notAfter)).not.toThrow()
    expect(() => verifyValidity(certificate, new Date(notBefore.getTime() - 1))).toThrow(
      /becomes valid at .*Z, in 0 seconds/,
    )
    expect(() => verifyValidity(certificate, new Date(notAfter.getTime() + 1))).toThrow(
      /expired at .*Z, 0 seconds ago/,
    )
  })
})

describe('verifySelfSigned', () => {
  const P384 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384']
  const NOT_REFUSED: readonly (readonly [string, readonly string[]])[] = [
    ['as openssl makes it', []],
    ['EC', P384],
    ['for logging in', ['-addext', 'extendedKeyUsage=clientAuth', '-addext', 'keyUsage=digitalSignature']],
  ]
  it.each(NOT_REFUSED)('accepts one %s', (_, args) => {
    expect(() => verifySelfSigned(makeSelfSigned(...args).certificate, new Date())).not.toThrow()
  })

  const BAD: readonly (readonly [string, RegExp, readonly string[]])[] = [
    ['a server', /clientAuth/, ['-addext', 'extendedKeyUsage=serverAuth']],
    ['a signer of certificates only', /digitalSignature/, ['-addext', 'keyUsage=keyCertSign']],
    ['with a weak key', /RSA of 2048/, ['-newkey', 'rsa:1024']],
    ['with SHA-1', /SHA-256/, ['-sha1']],
  ]
  it.each(BAD)('refuses one of %s', (_, reason, args) => {
    expect(() => verifySelfSigned(makeSelfSigned(...args).certificate, new Date())).toThrow(reason)
  })

  it('refuses one that somebody else signed', async () => {
    const { certificate } = await makeClient(ca)
    expect(() => verifySelfSigned(certificate, NOW)).toThrow(
      expect.objectContaining({ code: 'CERT_SIGNATURE_INVALID' }),
    )
  })

  it('refuses one that was changed', () => {
    const der = Buffer.from(makeSelfSigned().certificate.der)
    for (const offset of [der.indexOf('Mallory'), der.lastIndexOf('Mallory')]) der.write('Grace H', offset)
    expect(() => verifySelfSigned(parseCertificate(der), NOW)).toThrow(
      expect.objectContaining({ code: 'CERT_SIGNATURE_INVALID' }),
    )
  })

  it('refuses an expired one', () => {
    const { certificate } = makeSelfSigned('-days', '1')
    const later = new Date(Date.now() + 2 * 86_400_000)
    expect(() => verifySelfSigned(certificate, later)).toThrow(
      expect.objectContaining({ code: 'CERT_EXPIRED' }),
    )
  })
})
