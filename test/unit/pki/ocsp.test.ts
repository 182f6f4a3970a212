// Promise: openssl asks about our certificates and believes the answer; whatever else is sent is refused in two ways.

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { BasicOCSPResponse, OCSPResponse } from 'pkijs'
import { beforeAll, describe, expect, it } from 'vitest'
import { assertDer } from '../../../pki/assert-der.ts'
import { encodeElement, encodeInteger, TAG } from '../../../pki/encode-der.ts'
import { PkiError } from '../../../pki/errors.ts'
import type { Authority } from '../../../pki/issue-certificate.ts'
import { KEY_TYPES } from '../../../pki/key-type.ts'
import { parseOcspRequest } from '../../../pki/ocsp-request.ts'
import { encodeOcspError, type RevocationStatus, signOcspResponse } from '../../../pki/ocsp-response.ts'
import type { ParsedCertificate } from '../../../pki/parse-certificate.ts'
import { REVOCATION_REASONS, type RevocationReason } from '../../../pki/revocation-reason.ts'
import { makeClient, makeClientCa, run, save, temporaryFolder } from '../../support/lab.ts'

const execute = promisify(execFile)
const MINUTE = 60_000

/** Rounded as times in answers are. */
const now = new Date(Math.floor(Date.now() / 1000) * 1000)

async function answer(authority: Authority, der: Uint8Array | string, statuses: readonly RevocationStatus[]) {
  const request = parseOcspRequest(der, authority.certificate)
  const nextUpdate = new Date(now.getTime() + 15 * MINUTE)
  // Milliseconds must not get into it.
  const thisUpdate = new Date(now.getTime() + 123)
  return await signOcspResponse({ request, statuses, thisUpdate, nextUpdate }, authority)
}

/** A request as openssl makes it. */
function request(authority: Authority, serials: readonly string[], ...words: string[]): Uint8Array {
  using folder = temporaryFolder()
  const out = join(folder.path, 'request')
  const about = serials.flatMap(serial => ['-serial', `0x${serial}`])
  const issuer = save(folder.path, 'ca', authority.certificate)
  run('openssl', 'ocsp', ...words, '-issuer', issuer, ...about, '-reqout', out)
  return Uint8Array.from(readFileSync(out))
}

function serve(authority: Authority, statusOf: (serial: string) => RevocationStatus): Server {
  return createServer(async (incoming, response) => {
    const input = incoming.method === 'GET' ? (incoming.url ?? '').slice(1) : await buffer(incoming)
    const { questions } = parseOcspRequest(input, authority.certificate)
    const statuses = questions.map(({ serialNumber }) => statusOf(serialNumber))
    response.setHeader('Content-Type', 'application/ocsp-response')
    response.end(await answer(authority, input, statuses))
  }).listen(0, '127.0.0.1')
}

/** What openssl says after asking a server for its verdict. */
async function ask(
  authority: Authority,
  status: RevocationStatus,
  { words = [], certificate }: { words?: string[]; certificate: ParsedCertificate },
): Promise<string> {
  using folder = temporaryFolder()
  const server = serve(authority, serial => (serial === certificate.serialNumber ? status : 'unknown'))
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const [ca, client] = [
    save(folder.path, 'ca', authority.certificate),
    save(folder.path, 'client', certificate),
  ]
  const { stdout, stderr } = await execute('openssl', [
    ...['ocsp', ...words, '-issuer', ca, '-CAfile', ca, '-cert', client, '-url', url],
  ])
  server.close()
  return stdout + stderr
}

let ca: Authority
let certificate: ParsedCertificate
beforeAll(async () => {
  ca = await makeClientCa()
  certificate = (await makeClient(ca)).certificate
})

describe('openssl ocsp', () => {
  it.each(KEY_TYPES)('verifies what %s has signed', async keyType => {
    const authority = await makeClientCa(keyType)
    const client = await makeClient(authority)
    const said = await ask(authority, 'good', client)
    expect(said).toContain('Response verify OK')
    expect(said).toMatch(/client\.pem: good\n\tThis Update: .*\n\tNext Update: /)
    expect(said).not.toContain('WARNING')
  })

  it.each([['-sha256'], ['-no_nonce']])('with %s', async word => {
    const said = await ask(ca, 'good', { words: [word], certificate })
    expect(said).toContain('Response verify OK')
    expect(said).toContain(': good')
    expect(said).not.toContain('WARNING')
  })

  it.each(Object.keys(REVOCATION_REASONS) as RevocationReason[])(
    'hears that it is revoked: %s',
    async reason => {
      const revokedAt = new Date(now.getTime() - MINUTE)
      const said = await ask(ca, { revokedAt, reason }, { certificate })
      expect(said).toContain(': revoked')
      if (reason === 'unspecified') expect(said).not.toContain('Reason:')
      // OpenSSL 3.0 has no names for the last two of RFC 5280.
      else expect(said).toMatch(new RegExp(`Reason: (${reason}|\\(UNKNOWN\\))`, 'i'))
    },
  )

  it('hears that nobody knows it', async () => {
    expect(await ask(ca, 'unknown', { certificate })).toContain(': unknown')
  })

  it('does not believe an answer to another question', async () => {
    using folder = temporaryFolder()
    const issuer = save(folder.path, 'ca', ca.certificate)
    const path = join(folder.path, 'answer')
    writeFileSync(path, await answer(ca, request(ca, ['01']), ['good']))
    const words = ['-issuer', issuer, '-CAfile', issuer, '-serial', '0x01', '-respin', path]
    const said = run('sh', '-c', '"$@" 2>&1 || true', 'sh', 'openssl', 'ocsp', ...words)
    expect(said).toContain('Nonce Verify error')
    expect(run('sh', '-c', '"$@" 2>&1', 'sh', 'openssl', 'ocsp', '-no_nonce', ...words)).toContain(
      '0x01: good',
    )
  })
})

describe('an answer', () => {
  it('repeats what was asked, octet by octet, and has times without milliseconds', async () => {
    const der = request(ca, ['01', '80', '7F'.repeat(20)])
    const response = await answer(ca, der, ['good', 'unknown', 'good'])
    assertDer(response, 'OCSP_MALFORMED')
    const { responseBytes } = OCSPResponse.fromBER(Uint8Array.from(response))
    const { tbsResponseData } = BasicOCSPResponse.fromBER(
      Uint8Array.from(responseBytes?.response.valueBlock.valueHexView ?? []),
    )
    expect(tbsResponseData.producedAt).toEqual(now)
    expect(tbsResponseData.responses.map(({ thisUpdate }) => thisUpdate)).toEqual([now, now, now])
    expect(Buffer.from(response).toString('latin1')).not.toMatch(/\d{14}\.\d/)
    const questions = parseOcspRequest(der, ca.certificate).questions
    expect(questions.map(({ serialNumber }) => serialNumber)).toEqual(['01', '80', '7F'.repeat(20)])
    for (const { certId } of questions) {
      expect(Buffer.from(der).includes(Buffer.from(certId))).toBe(true)
      expect(Buffer.from(response).includes(Buffer.from(certId))).toBe(true)
    }
  })

  it.each([
    ['malformedRequest', '30030a0101'],
    ['tryLater', '30030a0103'],
    ['unauthorized', '30030a0106'],
  ] as const)('can be %s', (error, der) => {
    expect(Buffer.from(encodeOcspError(error)).toString('hex')).toBe(der)
  })
})

/** The code of the refusal. */
function refusal(input: string | Uint8Array): string | undefined {
  try {
    parseOcspRequest(input, ca.certificate)
    return undefined
  } catch (error) {
    if (error instanceof PkiError) return error.code
    throw error
  }
}

const NONCE = Buffer.from('06092b0601050507300102', 'hex')
const ANOTHER = Buffer.from('06032a0304', 'hex')
const CRITICAL = Buffer.from('0101ff', 'hex')

function nonce(length: number): Uint8Array {
  const value = encodeElement(TAG.octetString, encodeElement(TAG.octetString, Buffer.alloc(length)))
  return encodeElement(TAG.sequence, NONCE, value)
}

interface Parts {
  readonly version?: number
  readonly extensions?: readonly Uint8Array[]
  /** Of the single question. */
  readonly singleExtensions?: readonly Uint8Array[]
}

/** What openssl does not make. */
function made({ version, extensions, singleExtensions }: Parts): Uint8Array {
  const [question] = parseOcspRequest(request(ca, ['01']), ca.certificate).questions
  const tagged = (tag: number, list?: readonly Uint8Array[]) =>
    list ? [encodeElement(tag, encodeElement(TAG.sequence, ...list))] : []
  const single = encodeElement(
    TAG.sequence,
    question?.certId ?? Buffer.of(),
    ...tagged(0xa0, singleExtensions),
  )
  const versions = version === undefined ? [] : [encodeElement(0xa0, encodeInteger(version))]
  const list = encodeElement(TAG.sequence, single)
  return encodeElement(
    TAG.sequence,
    encodeElement(TAG.sequence, ...versions, list, ...tagged(0xa2, extensions)),
  )
}

describe('a request', () => {
  it('in a path is base64, with or without its padding', () => {
    const der = request(ca, ['01'], '-no_nonce')
    const text = Buffer.from(der).toString('base64')
    const { questions } = parseOcspRequest(text, ca.certificate)
    expect(parseOcspRequest(text.replaceAll('=', ''), ca.certificate).questions).toEqual(questions)
    expect(parseOcspRequest(der, ca.certificate)).toEqual({ questions, nonce: undefined })
    for (const other of [`${text}!`, ` ${text}`, `${text}====`, text.slice(0, -9), '', '%00'])
      expect(refusal(other), other).toBe('OCSP_MALFORMED')
  })

  it('may have a nonce of 1 to 32 octets, once', () => {
    const verdict = (...extensions: Uint8Array[]) => refusal(made({ extensions }))
    expect([1, 32].map(length => verdict(nonce(length)))).toEqual([undefined, undefined])
    expect([0, 33].map(length => verdict(nonce(length)))).toEqual(['OCSP_MALFORMED', 'OCSP_MALFORMED'])
    expect(verdict(nonce(16), nonce(16))).toBe('OCSP_MALFORMED')
  })

  it('may have other extensions, unless they are critical', () => {
    const value = encodeElement(TAG.octetString, Buffer.of(5, 0))
    const [usual, critical] = [
      [ANOTHER, value],
      [ANOTHER, CRITICAL, value],
    ].map(parts => [encodeElement(TAG.sequence, ...parts)])
    if (!usual || !critical) throw new Error('There are two.')
    expect(refusal(made({ extensions: usual, singleExtensions: usual }))).toBeUndefined()
    expect(refusal(made({ extensions: critical }))).toBe('OCSP_MALFORMED')
    expect(refusal(made({ singleExtensions: critical }))).toBe('OCSP_MALFORMED')
  })

  it('is of version 1', () => {
    expect(refusal(made({}))).toBeUndefined()
    expect(refusal(made({ version: 1 }))).toBe('OCSP_MALFORMED')
  })

  it('may be about 20 certificates, and not more', () => {
    const serials = Array.from({ length: 21 }, (_, i) => (i + 16).toString(16))
    expect(refusal(request(ca, serials.slice(1)))).toBeUndefined()
    expect(refusal(request(ca, serials))).toBe('OCSP_MALFORMED')
  })

  it('may not be long, nor a serial number', () => {
    expect(refusal(encodeElement(TAG.sequence, Buffer.alloc(9_000)))).toBe('OCSP_MALFORMED')
    expect(refusal('MAAA'.repeat(9_000))).toBe('OCSP_MALFORMED')
    expect(refusal(request(ca, ['7F'.repeat(20)]))).toBeUndefined()
    expect(refusal(request(ca, ['7F'.repeat(21)]))).toBe('OCSP_MALFORMED')
  })

  it('about a certificate of another authority, or of one with the same name, is another’s', async () => {
    for (const words of [['-sha1'], ['-sha256']])
      expect(refusal(request(await makeClientCa(), ['01'], ...words))).toBe('OCSP_ISSUER_UNKNOWN')
    expect(refusal(request(ca, ['01'], '-sha384'))).toBe('OCSP_ISSUER_UNKNOWN')
    const both = request(ca, ['01'])
    expect(refusal(both)).toBeUndefined()
  })

  it('throws nothing but PkiError, whatever it is', () => {
    const good = request(ca, ['01', '02'])
    const changed = fc
      .array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 })
      .map(changes => {
        const copy = Uint8Array.from(good)
        for (const [at, octet] of changes) copy[at] = octet
        return copy
      })
    const octets = fc.uint8Array({ maxLength: 300 })
    const wrapped = octets.map(content => encodeElement(TAG.sequence, content))
    const input = fc.oneof(octets, wrapped, changed, fc.string(), fc.base64String())
    const seen = new Set<string | undefined>()
    fc.assert(
      fc.property(input, value => void seen.add(refusal(value))),
      { numRuns: 3_000 },
    )
    expect(seen).toContain('OCSP_MALFORMED')
    expect([...seen].every(code => code === undefined || code.startsWith('OCSP_'))).toBe(true)
  })
})
