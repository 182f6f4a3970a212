// A certificate is never issued for a key that is lost, and a key never leaves the machine.
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TLSSocket } from 'node:tls'
import { describe, expect, it, vi } from 'vitest'
import { EXIT } from '../../../cli/errors.ts'
import { type Authority, issueCertificate } from '../../../pki/issue-certificate.ts'
import { encodeCertificatePem } from '../../../pki/pem.ts'
import { PROFILES } from '../../../pki/profiles.ts'
import { parseSigningRequest } from '../../../pki/signing-request.ts'
import { makeClient, makeClientCa, NOW } from '../../support/lab.ts'
import { pemOf } from '../app/lab.ts'
import { type Home, makeHome, type Stub, startStub } from './lab.ts'

vi.setConfig({ testTimeout: 60_000 })

const clientCa = await makeClientCa()

interface Sent {
  readonly path: string
  readonly peer: string | undefined
  readonly body: string
  /** Files of the home folder at that moment. */
  readonly files: readonly string[]
}

const NO_CERTIFICATE = {
  serial: 'AB',
  status: 'valid',
  organisation: null,
  email: null,
  fingerprint256: null,
  spki256: null,
  not_before: null,
  not_after: '2027-01-01T00:00:00Z',
  origin: 'register',
  requested_by: null,
  recorded_at: null,
  revoked_at: null,
  reason: null,
}

/** What an honest server answers to a signing request, or a dishonest one for another key. */
async function issued(body: string, authority: Authority, isHonest = true) {
  const publicKey = isHonest
    ? parseSigningRequest(JSON.parse(body).csr).publicKey
    : createPublicKey(authority.privateKey)
  const request = { profile: PROFILES.client, subject: [{ type: 'CN', value: 'Ada' }], now: NOW }
  const certificate = await issueCertificate(request, publicKey, authority)
  return { ...NO_CERTIFICATE, common_name: 'Ada', certificate: encodeCertificatePem(certificate.der) }
}

type Answer = (body: string, response: Parameters<RequestListener>[1]) => void | Promise<void>

/** Hands out a challenge without work, says who asks, and answers what changes something as it is told. */
async function startEnrolment(home: Home, answer: Answer, more: Readonly<Record<string, unknown>> = {}) {
  const sent: Sent[] = []
  const stub = await startStub(home.path, async (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? ''
    const body = await text(request)
    const keys = join(home.config, 'keys')
    const peer = (request.socket as TLSSocket).getPeerCertificate().subject?.CN
    sent.push({
      path,
      peer: peer === undefined ? undefined : String(peer),
      body,
      files: existsSync(keys) ? readdirSync(keys) : [],
    })
    if (request.method === 'POST') return await answer(body, response)
    const challenge = {
      challenge: 'c',
      algorithm: 'SHA-256',
      difficulty: 0,
      expires_at: '2099-01-01T00:00:00Z',
    }
    const whoami = { level: 'trusted', name: 'Ada', notAfter: '2027-01-01T00:00:00Z', verify: 'SUCCESS' }
    const known: Readonly<Record<string, unknown>> = {
      '/register/challenge': challenge,
      '/whoami': whoami,
      ...more,
    }
    json(response, path in known ? 200 : 404, known[path] ?? { code: 'NOT_FOUND', detail: path })
  })
  return { ...stub, sent }
}

function json(response: Parameters<RequestListener>[1], status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

const refusing =
  (status: number, code = 'NAME_TAKEN'): Answer =>
  (_, response) =>
    json(response, status, { code, detail: 'No.' })
const hangUp: Answer = (_, response) => void response.socket?.destroy()
const at = ({ url, ca }: Stub): string[] => ['--server', url, '--ca', ca]
const keysOf = ({ config }: Home): string[] => readdirSync(join(config, 'keys')).toSorted()

/** Somebody with a certificate, in use. */
async function useIdentity(home: Home) {
  const pem = pemOf(await makeClient(clientCa, { commonName: 'Ada' }))
  const [cert, key] = [join(home.path, 'own.crt'), join(home.path, 'own.key')]
  writeFileSync(cert, pem.cert)
  writeFileSync(key, pem.key)
  await home.gatehouse(['config', 'identity', '--cert', cert, '--key', key])
  return { cert, key, pem }
}

describe('register', () => {
  const register = ['register', '--name', 'Ada']

  it('has its key on disk when it asks, sends the public one only, and presents no certificate', async () => {
    using home = makeHome()
    await useIdentity(home)
    await using server = await startEnrolment(home, async (body, response) =>
      json(response, 201, await issued(body, clientCa)),
    )
    expect(await home.gatehouse([...register, ...at(server)])).toMatchObject({ exitCode: EXIT.ok })
    const [, { peer, body, files }] = server.sent as [Sent, Sent]
    expect(peer).toBe(undefined)
    expect(files).toEqual(['ada.key'])
    const { publicKey } = parseSigningRequest(JSON.parse(body).csr)
    const key = readFileSync(join(home.config, 'keys/ada.key'), 'utf8')
    expect(createPublicKey(key).equals(publicKey)).toBe(true)
    expect(Object.keys(JSON.parse(body)).toSorted()).toEqual(['challenge', 'common_name', 'csr', 'nonce'])
  })

  it.each([400, 409, 429])('keeps no key that was refused with %i', async status => {
    using home = makeHome()
    await using server = await startEnrolment(home, refusing(status))
    await home.gatehouse([...register, ...at(server)])
    expect(keysOf(home)).toEqual([])
  })

  it.each<[string, Answer, number]>([
    ['an answer that is lost', hangUp, EXIT.unavailable],
    ['a server that fails', refusing(500, 'INTERNAL'), EXIT.failure],
    ['a server that is busy', refusing(503, 'STORE_UNAVAILABLE'), EXIT.unavailable],
  ])('keeps its key after %s, and says where', async (_, answer, exitCode) => {
    using home = makeHome()
    await using server = await startEnrolment(home, answer)
    const outcome = await home.gatehouse([...register, ...at(server)])
    expect(outcome).toMatchObject({ exitCode, stderr: expect.stringMatching(/not known whether.*ada\.key/) })
    expect(keysOf(home)).toEqual(['ada.key'])
  })

  it('keeps no certificate for another key', async () => {
    using home = makeHome()
    await using server = await startEnrolment(home, async (body, response) =>
      json(response, 201, await issued(body, clientCa, false)),
    )
    const outcome = await home.gatehouse([...register, ...at(server), '--configure'])
    expect(outcome).toMatchObject({
      exitCode: EXIT.failure,
      stderr: expect.stringContaining('KEYS_MISMATCHED'),
    })
    expect(keysOf(home)).toEqual(['ada.key'])
    expect(existsSync(join(home.config, 'config.json'))).toBe(false)
  })

  it('writes nothing over what is there', async () => {
    using home = makeHome()
    const p12 = join(home.path, 'ada.p12')
    writeFileSync(p12, 'mine')
    await using server = await startEnrolment(home, refusing(400))
    const outcome = await home.gatehouse([...register, ...at(server), '--out', p12])
    expect(outcome).toMatchObject({ exitCode: EXIT.failure, stderr: expect.stringContaining('FILE_EXISTS') })
    expect(readFileSync(p12, 'utf8')).toBe('mine')
    expect(server.sent.map(({ path }) => path)).toEqual(['/register/challenge'])
  })
})

describe('a certificate that is not accepted', () => {
  const refused = { '/whoami': { level: 'anonymous', verify: 'FAILED:certificate has expired' } }

  it('is not renewed, and whoami says where the reason is', async () => {
    using home = makeHome()
    await useIdentity(home)
    await using server = await startEnrolment(home, hangUp, refused)
    const renewed = await home.gatehouse(['renew', ...at(server)])
    expect(renewed.exitCode).toBe(EXIT.refused)
    expect(renewed.stderr).toMatch(/\(FAILED:certificate has expired\).*an administrator.*\(CERT_REFUSED\)/)
    expect((await home.gatehouse(['whoami', ...at(server)])).stderr).toContain(
      'Why, in full: gatehouse pki list',
    )
  })
})

describe('renew', () => {
  it('asks with the old certificate, for a new key that is on disk', async () => {
    using home = makeHome()
    const { cert, key } = await useIdentity(home)
    let keyWasThere = false
    await using server = await startEnrolment(home, async (body, response) => {
      keyWasThere = existsSync(`${key}.new`)
      json(response, 201, { ...(await issued(body, clientCa)), replaces: { serial: 'AA', revoked_at: null } })
    })
    expect(await home.gatehouse(['renew', ...at(server)])).toMatchObject({ exitCode: EXIT.ok })
    expect(keyWasThere).toBe(true)
    expect(server.sent.map(({ peer }) => peer)).toEqual(['Ada', 'Ada'])
    expect(new X509Certificate(readFileSync(cert)).checkPrivateKey(createPrivateKey(readFileSync(key)))).toBe(
      true,
    )
    expect(readdirSync(home.path).filter(name => name.endsWith('.new'))).toEqual([])
  })

  it.each<[string, Answer, boolean]>([
    ['is refused', refusing(403, 'CERT_REVOKED'), false],
    ['has no answer', hangUp, true],
    ['fails there', refusing(500, 'INTERNAL'), true],
  ])('that %s changes nothing of the identity', async (_, answer, isKept) => {
    using home = makeHome()
    const { cert, key, pem } = await useIdentity(home)
    await using server = await startEnrolment(home, answer)
    const { exitCode } = await home.gatehouse(['renew', ...at(server)])
    expect(exitCode).not.toBe(EXIT.ok)
    expect([readFileSync(cert, 'utf8'), readFileSync(key, 'utf8')]).toEqual([pem.cert, pem.key])
    expect(existsSync(`${key}.new`)).toBe(isKept)
  })

  it('throws away no key that another renewal may be using', async () => {
    using home = makeHome()
    const { key } = await useIdentity(home)
    writeFileSync(`${key}.new`, pemOf(await makeClient(clientCa)).key)
    const list = { '/pki/certs': { certificates: [], next: null } }
    await using server = await startEnrolment(home, refusing(409, 'KEY_TAKEN'), list)
    const outcome = await home.gatehouse(['renew', ...at(server)])
    expect(outcome).toMatchObject({
      exitCode: EXIT.conflict,
      stderr: expect.stringMatching(/own\.key\.new.*remove it/),
    })
    expect(existsSync(`${key}.new`)).toBe(true)
  })

  it('asks nobody while there is time', async () => {
    using home = makeHome()
    await useIdentity(home)
    const nowhere = ['--server', 'https://localhost:1/']
    expect(await home.gatehouse(['renew', '--if-expiring', '30d', ...nowhere])).toMatchObject({
      exitCode: EXIT.ok,
    })
    const later = () => new Date(NOW.getTime() + 61 * 86_400_000)
    expect(await home.gatehouse(['renew', '--if-expiring', '30d', ...nowhere], { now: later })).toMatchObject(
      { exitCode: EXIT.unavailable },
    )
  })
})
