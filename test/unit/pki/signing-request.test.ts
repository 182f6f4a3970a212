// A signing request is read when its sender proves to have the key; whatever else is in it is a wish at most.
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { parseSigningRequest } from '../../../pki/signing-request.ts'
import { spki256Of } from '../../../pki/spki.ts'
import { run, temporaryFolder } from '../../support/lab.ts'
import { makeRequest, requestDer } from '../../support/make-request.ts'
import { prime, primeFrom, privateRsa } from '../../support/weak-keys.ts'

vi.setConfig({ testTimeout: 60_000 })

const malformed = (message: RegExp) => failure('CSR_MALFORMED', message)
const unproven = (message: RegExp) => failure('CSR_PROOF_INVALID', message)
const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) })
const curve = (name: string) => ({ newKey: ['ec', '-pkeyopt', `ec_paramgen_curve:${name}`] })
const GOOD = makeRequest()
const GOOD_RSA = makeRequest({ newKey: ['rsa:2048'] })

describe('parseSigningRequest', () => {
  it.each([
    ['EC P-256', curve('P-256'), { type: 'ec', curve: 'P-256' }],
    ['EC P-384', curve('P-384'), { type: 'ec', curve: 'P-384' }],
    ['RSA 2048', { newKey: ['rsa:2048'] }, { type: 'rsa', bits: 2048, exponent: 65537n }],
    ['RSA 4096', { newKey: ['rsa:4096'] }, { type: 'rsa', bits: 4096, exponent: 65537n }],
  ])('reads what openssl makes, in PEM and DER: %s', (_, wish, key) => {
    const pem = makeRequest(wish)
    const der = requestDer(pem)
    const read = parseSigningRequest(pem)
    expect(read).toEqual(parseSigningRequest(der))
    expect(read).toMatchObject({
      key,
      subject: [
        { type: 'O', value: 'Gatehouse' },
        { type: 'CN', value: 'Ada Lovelace' },
      ],
      emails: [],
      requestedExtensions: [],
      spki256: spki256Of(read.publicKey),
      sha256: createHash('sha256').update(der).digest('hex').toUpperCase(),
    })
    expect(Buffer.from(read.der)).toEqual(der)
  })

  it.each(['-sha256', '-sha384', '-sha512'])('takes a proof with %s, of either kind of key', hash => {
    for (const wish of [{}, { newKey: ['rsa:2048'] }]) {
      expect(parseSigningRequest(makeRequest({ ...wish, options: [hash] })).subject).toHaveLength(2)
    }
  })

  it('takes a proof by RSA-PSS', () => {
    for (const hash of ['sha256', 'sha512']) {
      const sign = ['rsa_padding_mode:pss', 'rsa_pss_saltlen:digest'].flatMap(option => ['-sigopt', option])
      const pem = makeRequest({ newKey: ['rsa:2048'], options: [`-${hash}`, ...sign] })
      expect(parseSigningRequest(pem).key.type).toBe('rsa')
      const der = requestDer(pem)
      der[der.length - 1] = (der.at(-1) ?? 0) ^ 1
      expect(() => parseSigningRequest(der)).toThrow(unproven(/signature does not match/))
    }
  })

  it.each([
    ['a compressed point', '-conv_form', 'compressed'],
    ['a hybrid point', '-conv_form', 'hybrid'],
    ['a curve that is spelt out', '-param_enc', 'explicit'],
  ])('gives %s in the one usual form, so that a key has one name', (_, ...form) => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'key')
    run('openssl', 'ecparam', '-genkey', '-noout', '-name', 'prime256v1', '-out', path)
    const key = run('openssl', 'ec', '-in', path, ...form)
    const pem = makeRequest({ key })
    const { publicKey, spki256 } = parseSigningRequest(pem)
    const usual = publicKey.export({ format: 'der', type: 'spki' })
    expect(usual).toHaveLength(91)
    expect(requestDer(pem).includes(usual)).toBe(false)
    expect(spki256).toBe(spki256Of(createPublicKey(key)))
  })
})

describe('names', () => {
  it.each([
    ['UTF-8', '0x2000', 'Zoë 李'],
    ['BMPString', '0x800', 'Zoë 李'],
    ['TeletexString', '0x4', 'Zoë'],
  ])('are read as %s', (_, mask, name) => {
    const pem = makeRequest({ subject: `/CN=${name}`, config: [`string_mask=MASK:${mask}`] })
    expect(parseSigningRequest(pem).subject).toEqual([{ type: 'CN', value: name }])
  })

  it('are read from a set of several', () => {
    const pem = makeRequest({ subject: '/O=Gatehouse+CN=Ada/CN=Eve', options: ['-multivalue-rdn'] })
    const { subject } = parseSigningRequest(pem)
    expect(subject.map(({ value }) => value).toSorted()).toEqual(['Ada', 'Eve', 'Gatehouse'])
  })

  it('are left as they are, whatever is in them', () => {
    const subject = '/CN=alice\\/CN=admin\u202e\u001b[31m<script>'
    expect(parseSigningRequest(makeRequest({ subject })).subject).toEqual([
      { type: 'CN', value: 'alice/CN=admin\u202e\u001b[31m<script>' },
    ])
  })

  it('give e-mail addresses, once', () => {
    const pem = makeRequest({
      subject: '/CN=Ada/emailAddress=ada@example.org/emailAddress=old@example.org',
      extensions: ['subjectAltName=email:ada@example.org,email:new@example.org'],
    })
    const read = parseSigningRequest(pem)
    expect(read.emails).toEqual(['ada@example.org', 'new@example.org', 'old@example.org'])
    expect(read.requestedExtensions).toEqual([])
  })
})

describe('what is asked for besides', () => {
  it.each([
    ['basicConstraints=critical,CA:TRUE,pathlen:3', ['CA:TRUE']],
    ['basicConstraints=CA:FALSE', []],
    ['keyUsage=digitalSignature,keyCertSign,cRLSign', ['key usage digitalSignature, keyCertSign, cRLSign']],
    ['keyUsage=digitalSignature', []],
    ['extendedKeyUsage=clientAuth', []],
    ['extendedKeyUsage=clientAuth,serverAuth,1.2.3', ['extended key usage clientAuth, serverAuth, 1.2.3']],
    ['subjectAltName=DNS:example.org', ['subject alternative name dns:example.org']],
    ['subjectAltName=IP:192.0.2.7', ['subject alternative name ip:192.0.2.7']],
    ['subjectAltName=IP:::1', ['subject alternative name ip:00000000000000000000000000000001']],
    ['subjectAltName=URI:https://example.org/', ['subject alternative name uri:https://example.org/']],
    ['subjectAltName=RID:1.2.3', ['subject alternative name registered:1.2.3']],
    ['subjectAltName=dirName:other', ['subject alternative name directory:CN=Eve']],
    ['subjectAltName=otherName:1.2.3;UTF8:root', ['subject alternative name of another kind']],
    ['nameConstraints=permitted;DNS:example.org', ['extension name constraints']],
    ['1.2.3.4=ASN1:NULL', ['extension 1.2.3.4']],
  ])('is a sentence for the approver: %s', (extension, sentences) => {
    const { requestedExtensions } = parseSigningRequest(makeRequest({ extensions: [extension] }))
    expect(requestedExtensions).toEqual(sentences)
  })

  it('is told of attributes too, but for a password itself', () => {
    const values = ['challengePassword=sesame', 'unstructuredName=Acme', '1.2.3.4=more']
    const { requestedExtensions } = parseSigningRequest(
      makeRequest({ config: ['prompt=no'], attributes: values }),
    )
    expect(requestedExtensions.toSorted()).toEqual([
      'a challenge password',
      'an unstructured name',
      'attribute 1.2.3.4',
    ])
  })

  it('is told in 30 sentences at most, none longer than a line or two', () => {
    const names = Array.from({ length: 60 }, (_, i) =>
      `DNS:${'x'.repeat(60)}.${i}.${'y'.repeat(300)}`.slice(0, 120),
    )
    const { requestedExtensions } = parseSigningRequest(
      makeRequest({ extensions: [`subjectAltName=${names.join(',')},URI:https://${'z'.repeat(900)}`] }),
    )
    expect(requestedExtensions).toHaveLength(31)
    expect(requestedExtensions.at(-1)).toBe('and 31 more')
    const long = parseSigningRequest(
      makeRequest({ extensions: [`subjectAltName=URI:https://${'z'.repeat(900)}`] }),
    )
    expect(long.requestedExtensions[0]).toMatch(/^subject alternative name uri:https:\/\/z+…$/)
    expect(long.requestedExtensions[0]).toHaveLength(201)
  })

  it.each([
    ['basic constraints that are none', 'basicConstraints=DER:0500'],
    ['BER in key usages', 'keyUsage=DER:0381020780'],
    ['alternative names that are none', 'subjectAltName=DER:0201'],
  ])('is refused when it cannot be read: %s', (_, extension) => {
    expect(() => parseSigningRequest(makeRequest({ extensions: [extension] }))).toThrow(malformed(/request/))
  })
})

describe('possession of the key', () => {
  const tampered = (pem: string, offset: number) => {
    const der = requestDer(pem)
    const at = offset < 0 ? der.length + offset : offset
    der[at] = (der[at] ?? 0) ^ 0x01
    return der
  }

  it.each([
    ['EC', GOOD],
    ['RSA', GOOD_RSA],
  ])('is not proven by a signature that was changed, or of another name: %s', (_, pem) => {
    expect(() => parseSigningRequest(tampered(pem, -1))).toThrow(
      unproven(/does not match its key.*openssl req/s),
    )
    const name = requestDer(pem).indexOf('Ada Lovelace')
    expect(() => parseSigningRequest(tampered(pem, name))).toThrow(unproven(/does not match/))
  })

  it.each([
    ['EC', GOOD, makeRequest()],
    ['RSA', GOOD_RSA, makeRequest({ newKey: ['rsa:2048'] })],
  ])('is not proven for the key of somebody else: %s', (_, pem, other) => {
    const spki = (text: string) => parseSigningRequest(text).publicKey.export({ format: 'der', type: 'spki' })
    const der = requestDer(pem)
    spki(other).copy(der, der.indexOf(spki(pem)))
    expect(() => parseSigningRequest(der)).toThrow(unproven(/does not match/))
  })

  it.each(['-sha1', '-md5', '-sha224'])('is not proven by %s', hash => {
    const pem = makeRequest({ newKey: ['rsa:2048'], options: [hash] })
    expect(() => parseSigningRequest(pem)).toThrow(unproven(/SHA-256, SHA-384 or SHA-512, not by 1\.2\.840/))
  })

  it('is not proven by RSA-PSS with SHA-1, or by the algorithm of another kind of key', () => {
    const sign = ['-sha1', '-sigopt', 'rsa_padding_mode:pss']
    expect(() => parseSigningRequest(makeRequest({ newKey: ['rsa:2048'], options: sign }))).toThrow(
      unproven(/not by 1\.2\.840\.113549\.1\.1\.10/),
    )
    const der = requestDer(GOOD)
    const ecdsaWithSha256 = Buffer.from('06082a8648ce3d040302', 'hex')
    Buffer.from('06082a8648ce3d040202', 'hex').copy(der, der.lastIndexOf(ecdsaWithSha256))
    expect(() => parseSigningRequest(der)).toThrow(unproven(/not by 1\.2\.840\.10045\.4\.2\.2/))
  })
})

describe('keys that no certificate is issued for', () => {
  it.each([
    ['RSA of 1024 bit', { newKey: ['rsa:1024'] }],
    ['an exponent of 3', { newKey: ['rsa:2048', '-pkeyopt', 'rsa_keygen_pubexp:3'] }],
    ['P-521', curve('P-521')],
    ['secp256k1', curve('secp256k1')],
    ['Ed25519', { newKey: ['ed25519'] }],
    ['RSA for PSS only', { newKey: ['rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048'] }],
  ])('%s', (_, wish) => {
    expect(() => parseSigningRequest(makeRequest(wish))).toThrow(failure('KEY_WEAK', /must be EC on P-256/))
  })

  it('one that anybody can break, though the proof is good', () => {
    const p = prime(1024)
    const key: KeyObject = privateRsa(p, primeFrom(p + 2n))
    expect(() => parseSigningRequest(makeRequest({ key }))).toThrow(failure('KEY_WEAK', /too close/))
  })
})

describe('the envelope', () => {
  const der = requestDer(GOOD)
  const inLines = (label: string, body: string) =>
    `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`
  const base64 = der.toString('base64')

  it.each([
    ['text around it', `What openssl req -text says:\n${GOOD}\nthat is all`],
    ['the label of older programs', GOOD.replaceAll('CERTIFICATE', 'NEW CERTIFICATE')],
    ['lines that end in CR LF', GOOD.replaceAll('\n', '\r\n')],
    ['one long line', inLines('CERTIFICATE REQUEST', base64)],
    ['no line break at the end', GOOD.trimEnd()],
    ['octets of PEM', Buffer.from(GOOD)],
  ])('may have %s', (_, input) => {
    expect(Buffer.from(parseSigningRequest(input).der)).toEqual(der)
  })

  it.each([
    ['nothing', '', /no lines BEGIN/],
    ['no octets', new Uint8Array(), /no lines BEGIN/],
    ['DER as a string', der.toString('latin1'), /no lines BEGIN/],
    ['base64 alone', base64, /no lines BEGIN/],
    ['two requests', GOOD + GOOD_RSA, /more than one/],
    ['a certificate', inLines('CERTIFICATE', base64), /no lines BEGIN/],
    ['another END', GOOD.replace('END CERTIFICATE', 'END NEW CERTIFICATE'), /no lines BEGIN/],
    ['no END', GOOD.slice(0, -40), /no lines BEGIN/],
    ['a private key beside it', `${inLines('PRIVATE KEY', 'AAAA')}${GOOD}`, /private key.*make a new one/],
    ['padding within its base64', inLines('CERTIFICATE REQUEST', `AA==${base64}`), /not base64/],
    ['base64 that is cut off', inLines('CERTIFICATE REQUEST', base64.slice(0, -3)), /not base64/],
    ['200 kB of text', 'x'.repeat(200_000), /200000 octets.*at most 16384/],
    ['200 kB of DER', Buffer.concat([der, Buffer.alloc(200_000)]), /octets.*at most 16384/],
    ['a byte after it', Buffer.concat([der, Buffer.of(0)]), /something follows it/],
    [
      'a byte after it, in PEM',
      inLines('CERTIFICATE REQUEST', Buffer.concat([der, Buffer.of(0)]).toString('base64')),
      /something follows it/,
    ],
    ['the last byte missing', der.subarray(0, -1), /cut off/],
    ['half of it', der.subarray(0, der.length / 2), /cut off/],
    [
      'an indefinite length',
      Buffer.concat([Buffer.of(0x30, 0x80), der.subarray(4), Buffer.of(0, 0)]),
      /indefinite/,
    ],
    ['an empty sequence', Buffer.of(0x30, 0), /not of the form of RFC 2986/],
    ['a number', inLines('CERTIFICATE REQUEST', 'AgEF'), /not of the form of RFC 2986/],
  ])('must not be %s', (_, input, message) => {
    expect(() => parseSigningRequest(input)).toThrow(malformed(message))
  })

  it('says in each message what is taken', () => {
    expect(() => parseSigningRequest('')).toThrow(/one request in PEM or DER.*openssl req -new/)
  })
})
