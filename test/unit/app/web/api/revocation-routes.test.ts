// Promise: whoever relies on our certificates learns which are revoked, by list and by question, as openssl asks.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { openAuthority } from '../../../../../app/authority/authority.ts'
import { AppError } from '../../../../../app/errors.ts'
import { run, save, temporaryFolder } from '../../../../support/lab.ts'
import { type ApiLab, apiLab, CA, NOBODY, OPERATOR, type Person } from '../../api-lab.ts'

const execute = promisify(execFile)
const serialOf = ({ certificate }: Person) => certificate.serialNumber

let lab: ApiLab
let now: number
beforeEach(async () => {
  now = Math.floor(Date.now() / 1000) * 1000
  lab = await apiLab({ now: () => new Date(now) })
  return () => lab[Symbol.asyncDispose]()
})

/** As octets, whatever the type. */
function fetch(path: string, headers: Record<string, string> = {}) {
  return lab
    .get(path)
    .set(headers)
    .buffer(true)
    .parse((response, done) => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('end', () => done(null, Buffer.concat(chunks)))
    })
}

function openssl(...words: string[]): string {
  return run('sh', '-c', '"$@" 2>&1 || true', 'sh', 'openssl', ...words)
}

describe('GET /pki/crl', () => {
  it('says that there is none yet', async () => {
    const answer = await lab.get('/pki/crl')
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([503, 'CRL_UNAVAILABLE'])
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  it('is DER, or PEM for whoever asks for that', async () => {
    await lab.authority.revocationLists.publish()
    const der = await fetch('/pki/crl')
    expect(der.headers['content-type']).toBe('application/pkix-crl')
    const pems = [
      await fetch('/pki/crl?format=pem'),
      await fetch('/pki/crl', { Accept: 'application/x-pem-file' }),
    ]
    for (const pem of pems) {
      expect(pem.headers['content-type']).toBe('application/x-pem-file')
      const body = /^-----BEGIN X509 CRL-----\n(.*)\n-----END X509 CRL-----\n$/s.exec(
        pem.body.toString(),
      )?.[1]
      expect(Buffer.from(body ?? '', 'base64')).toEqual(der.body)
    }
    const both = await fetch('/pki/crl?format=der', { Accept: 'application/x-pem-file' })
    expect(both.body).toEqual(der.body)
    expect((await lab.get('/pki/crl?format=text')).status).toBe(400)
  })

  it('may be kept until there is a newer one, and need not be sent again', async () => {
    await lab.authority.revocationLists.publish()
    now += 3_600_000
    const { headers } = await fetch('/pki/crl')
    expect(headers['cache-control']).toBe(`public, max-age=${11 * 3600}`)
    expect(headers['last-modified']).toBe(new Date(now - 3_600_000).toUTCString())
    const { etag = '' } = headers
    for (const known of [etag, `"other", W/${etag}`, '*']) {
      const again = await fetch('/pki/crl', { 'If-None-Match': known })
      expect([again.status, again.headers.etag, again.body.length]).toEqual([304, etag, 0])
    }
    expect((await fetch('/pki/crl?format=pem', { 'If-None-Match': etag })).status).toBe(200)
    await lab.authority.revoke(OPERATOR, { serial: serialOf(lab.grace), reason: 'superseded' })
    await lab.authority.revocationLists.publish()
    expect((await fetch('/pki/crl', { 'If-None-Match': etag })).status).toBe(200)
    now += 13 * 3_600_000
    expect((await fetch('/pki/crl')).headers['cache-control']).toBe('public, max-age=0')
  })

  it('is what openssl verify refuses a revoked certificate by', async () => {
    await lab.authority.revoke(OPERATOR, { serial: serialOf(lab.grace), reason: 'keyCompromise' })
    await lab.authority.revocationLists.publish()
    using folder = temporaryFolder()
    const crl = join(folder.path, 'crl.pem')
    writeFileSync(crl, (await fetch('/pki/crl?format=pem')).body)
    const ca = save(folder.path, 'ca', CA.certificate)
    expect(openssl('crl', '-in', crl, '-CAfile', ca, '-verify', '-noout')).toContain('verify OK')
    const verdict = ({ certificate }: Person) =>
      openssl(
        'verify',
        '-crl_check',
        '-CAfile',
        ca,
        '-CRLfile',
        crl,
        save(folder.path, 'client', certificate),
      )
    expect(verdict(lab.grace)).toContain('certificate revoked')
    expect(verdict(lab.admin)).toMatch(/: OK$/m)
  })
})

/** What `openssl ocsp` makes of the application, about several certificates at once. */
async function ask(people: readonly Person[], ...words: string[]): Promise<string> {
  using folder = temporaryFolder()
  const server = createServer((incoming, response) => {
    // As a proxy of the contract.
    for (const [name, value] of Object.entries(NOBODY)) incoming.rawHeaders.push(name, String(value))
    for (const [name, value] of Object.entries(NOBODY)) incoming.headers[name.toLowerCase()] = value
    lab.app(incoming, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/pki/ocsp`
  const ca = save(folder.path, 'ca', CA.certificate)
  const about = people.flatMap((person, i) => ['-cert', save(folder.path, `${i}`, person.certificate)])
  const args = ['ocsp', '-issuer', ca, '-CAfile', ca, ...words, ...about, '-url', url]
  const { stdout, stderr } = await execute('openssl', args)
  server.close()
  return stdout + stderr
}

/** A request as openssl makes it. */
function ocspRequest(...words: string[]): Buffer {
  using folder = temporaryFolder()
  const out = join(folder.path, 'request')
  run('openssl', 'ocsp', '-issuer', save(folder.path, 'ca', CA.certificate), ...words, '-reqout', out)
  return readFileSync(out)
}

function post(der: Buffer, app = lab.app) {
  return request(app)
    .post('/pki/ocsp')
    .set(NOBODY)
    .set('Content-Type', 'application/ocsp-request')
    .buffer(true)
    .parse((response, done) => {
      response.on('data', (chunk: Buffer) => done(null, chunk.toString('hex')))
    })
    .send(der)
}

const MALFORMED = '30030a0101'
const TRY_LATER = '30030a0103'
const UNAUTHORIZED = '30030a0106'

describe('OCSP', () => {
  it('answers openssl about good, revoked and held certificates, from the moment on', async () => {
    expect(await ask([lab.grace, lab.admin])).toMatch(/0\.pem: good.*1\.pem: good.*Response verify OK/s)
    await lab.authority.revoke(OPERATOR, { serial: serialOf(lab.grace), reason: 'keyCompromise' })
    await lab.authority.revoke(OPERATOR, { serial: serialOf(lab.admin), reason: 'certificateHold' })
    expect(await ask([lab.grace, lab.admin], '-sha256')).toMatch(
      /0\.pem: revoked.*keyCompromise.*1\.pem: revoked.*certificateHold.*Response verify OK/s,
    )
    await lab.authority.unhold(OPERATOR, serialOf(lab.admin))
    expect(await ask([lab.admin], '-no_nonce')).toMatch(/0\.pem: good/)
  })

  it('knows nothing of what is not on record, or not signed yet', async () => {
    const row = await lab.store.certificates.find(serialOf(lab.grace))
    if (!row) throw new Error('Grace is not on record.')
    const unsigned = { ...row, serial: '0A', state: 'recorded', pem: null, fingerprint256: null } as const
    await lab.store.certificates.record(unsigned)
    const statuses = async () => {
      const { body } = await post(ocspRequest('-serial', '0x0A', '-serial', '0x0B', '-no_nonce'))
      using folder = temporaryFolder()
      const path = join(folder.path, 'answer')
      writeFileSync(path, Buffer.from(body, 'hex'))
      return openssl('ocsp', '-respin', path, '-noverify', '-resp_text').match(/Cert Status: \w+/g)
    }
    expect(await statuses()).toEqual(['Cert Status: unknown', 'Cert Status: unknown'])
    await lab.store.certificates.revoke('0A', { at: now, reason: 'cessationOfOperation', by: null })
    expect(await statuses()).toEqual(['Cert Status: revoked', 'Cert Status: unknown'])
  })

  it('takes the request in the path too, whose base64 has slashes as they are or encoded', async () => {
    const serials = Array.from({ length: 300 }, (_, i) => i + 256)
    const found = serials
      .map(serial => ocspRequest('-no_nonce', '-serial', String(serial)).toString('base64'))
      .find(text => text.includes('/') && text.includes('+'))
    const text = found ?? ''
    expect(text).not.toBe('')
    const answers = [text, encodeURIComponent(text), text.replaceAll('+', '%2B')].map(path =>
      fetch(`/pki/ocsp/${path}`),
    )
    for (const { status, headers, body } of await Promise.all(answers)) {
      expect([status, headers['content-type']]).toEqual([200, 'application/ocsp-response'])
      expect(headers['cache-control']).toBe('no-store')
      expect(body.length).toBeGreaterThan(100)
    }
  })

  it('answers what it cannot answer in its own form', async () => {
    const answer = await post(Buffer.from('nonsense'))
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/ocsp-response'])
    expect(answer.body).toBe(MALFORMED)
    expect((await fetch('/pki/ocsp/nonsense')).body.toString('hex')).toBe(MALFORMED)
    expect((await post(ocspRequest('-sha512', '-serial', '1'))).body).toBe(UNAUTHORIZED)
    await using unable = await apiLab({ context: { signer: undefined } })
    expect((await post(ocspRequest('-serial', '1'), unable.app)).body).toBe(UNAUTHORIZED)
  })

  it('asks for patience while the store is away, and hides no other fault', async () => {
    const failing = (error: Error) => {
      const find = () => Promise.reject(error)
      const store = { ...lab.store, certificates: { ...lab.store.certificates, find } }
      return openAuthority({ ...lab.context, store }).ocsp(ocspRequest('-serial', '1'))
    }
    const answer = await failing(new AppError('STORE_UNAVAILABLE', 'The disk is full.'))
    expect(Buffer.from(answer).toString('hex')).toBe(TRY_LATER)
    await expect(failing(new TypeError('a fault'))).rejects.toThrow('a fault')
  })

  it('refuses other media types and long bodies', async () => {
    const json = await lab.post('/pki/ocsp', NOBODY)
    expect([json.status, JSON.parse(json.text).code]).toEqual([415, 'MEDIA_TYPE_UNSUPPORTED'])
    const long = await request(lab.app)
      .post('/pki/ocsp')
      .set(NOBODY)
      .set('Content-Type', 'application/ocsp-request')
      .send(Buffer.alloc(17 * 1024))
    expect([long.status, JSON.parse(long.text).code]).toEqual([413, 'BODY_TOO_LARGE'])
  })
})

it('is in the description of the API', async () => {
  const { paths } = (await lab.get('/openapi.json')).body
  expect(paths['/pki/crl'].get.responses['200'].content).toEqual({
    'application/pkix-crl': {},
    'application/x-pem-file': {},
  })
  expect(paths['/pki/ocsp'].post.requestBody.content).toHaveProperty('application/ocsp-request')
  expect(paths['/pki/ocsp/{request}'].get.parameters).toMatchObject([{ name: 'request', in: 'path' }])
  expect(paths['/pki/unhold/{serial}'].post.responses['409'].description).toBe('NOT_ON_HOLD')
})
