// Promise: reading changes nothing, and gives what was asked for in the form that was asked for.
import { createPublicKey, X509Certificate } from 'node:crypto'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '../../../../../app/store/open-store.ts'
import { type ApiLab, apiLab, applicant, NOBODY } from '../../api-lab.ts'
import { dumpOf } from '../../dump-of.ts'

const PEM = 'application/pem-certificate-chain'
const DER = 'application/pkix-cert'

let lab: ApiLab
let serial: string
let waiting: { id: string; sha256: string }
beforeAll(async () => {
  lab = await apiLab({ context: { policy: ({ channel }) => (channel === 'register' ? 'sign' : 'queue') } })
  serial = lab.grace.certificate.serialNumber
  const { csr } = await applicant('Katherine Johnson')
  waiting = (await lab.post('/tlsauth/certify/', NOBODY, { csr }).set('Accept', 'application/json')).body
})
afterAll(() => lab[Symbol.asyncDispose]())

it('no GET or HEAD changes anything in the store, whoever asks and whatever it carries', async () => {
  const described = Object.entries((await lab.get('/openapi.json')).body.paths as Record<string, object>)
  const ofApi = described.filter(([, methods]) => 'get' in methods).map(([path]) => path)
  const paths = [...ofApi, '/', '/whoami', '/openapi.json', '/healthz', '/readyz', '/tlsauth/register/']
  const more = [
    '/tlsauth/certify/',
    '/tlsauth/cert/',
    '/tlsauth/csrs/',
    '/tlsauth/test/',
    '/pki/renew',
    '/register',
  ]
  const acting = [`/pki/revoke/${serial}`, `/pki/requests/${waiting.id}/approve?sha256=${waiting.sha256}`]
  const before = await dumpOf(lab)
  for (const path of [...paths, ...more, ...acting]) {
    const there = path.replace('{serial}', serial).replace('{id}', waiting.id)
    for (const method of ['get', 'head'] as const) {
      const body = JSON.stringify({ sha256: waiting.sha256, common_name: 'Eve', reason: 'superseded' })
      await request(lab.app)[method](there).set(lab.admin.headers).type('json').send(body)
      await request(lab.app)[method](there).set('X-HTTP-Method-Override', 'POST').set(lab.admin.headers)
    }
  }
  expect(await dumpOf(lab)).toBe(before)
})

describe('the certificate of the CA', () => {
  it.each([
    ['', '*/*', PEM],
    ['', PEM, PEM],
    ['', DER, DER],
    ['?format=der', '*/*', DER],
    ['?format=pem', DER, PEM],
  ])('GET /pki/ca.crt%s with Accept %s is %s', async (query, accept, type) => {
    const answer = await lab.get(`/pki/ca.crt${query}`).set('Accept', accept).buffer().parse(octets)
    expect(answer.headers['content-type']).toBe(type)
    const { issuer } = lab.context
    expect(new X509Certificate(answer.body).fingerprint256.replaceAll(':', '')).toBe(issuer.fingerprint256)
    expect(answer.body[0] === 0x30).toBe(type === DER)
  })
})

describe('a certificate', () => {
  it.each([
    [PEM, PEM],
    [DER, DER],
  ])('with Accept %s is %s', async (accept, type) => {
    const answer = await lab
      .get(`/pki/certs/${serial}`, lab.grace.headers)
      .set('Accept', accept)
      .buffer()
      .parse(octets)
    expect(answer.headers['content-type']).toBe(type)
    expect(Number(answer.headers['content-length'])).toBe(answer.body.length)
    const certificate = new X509Certificate(answer.body)
    expect(certificate.publicKey.equals(createPublicKey(lab.grace.privateKey))).toBe(true)
  })

  it('is described, with the times in UTC', async () => {
    const { body } = await lab.get(`/pki/certs/${serial}`, lab.grace.headers)
    expect(body).toMatchObject({
      serial,
      status: 'valid',
      common_name: 'Grace Hopper',
      organisation: 'Gatehouse',
      email: null,
      fingerprint256: lab.grace.certificate.fingerprint256,
      not_before: lab.grace.certificate.notBefore.toISOString(),
      not_after: lab.grace.certificate.notAfter.toISOString(),
      origin: 'issue',
      requested_by: null,
      revoked_at: null,
      reason: null,
      certificate: expect.stringMatching(/^-----BEGIN CERTIFICATE-----\n/),
    })
  })
})

describe('lists', () => {
  it('come in pages without a gap or a repetition, newest first, while more are issued', async () => {
    for (let i = 0; i < 7; i += 1) await lab.person(`Page ${i}`)
    const seen: string[] = []
    let next: string | null = null
    do {
      const query: string = next === null ? '' : `&after=${next}`
      const { body } = await lab.get(`/pki/certs?search=page&limit=3${query}`, lab.admin.headers)
      expect(body.certificates.length).toBeLessThanOrEqual(3)
      seen.push(...body.certificates.map((each: { common_name: string }) => each.common_name))
      next = body.next
      await lab.person(`Page between ${seen.length}`)
    } while (next !== null)
    expect(seen.toSorted()).toEqual(Array.from({ length: 7 }, (_, i) => `Page ${i}`))
  })

  it('have a last page that says so, also when it is full', async () => {
    const { body } = await lab.get('/pki/certs?search=root&limit=1', lab.admin.headers)
    expect(body).toMatchObject({ certificates: [{ common_name: 'Root' }], next: null })
  })

  it('show everybody but administrators their own only, whatever is searched for', async () => {
    for (const query of [
      '',
      '?search=root',
      `?after=${lab.admin.certificate.serialNumber}`,
      '?status=valid',
    ]) {
      const { body } = await lab.get(`/pki/certs${query}`, lab.grace.headers)
      const names: string[] = body.certificates.map((each: { common_name: string }) => each.common_name)
      expect(names.every(name => name === 'Grace Hopper')).toBe(true)
    }
    const { body } = await lab.get('/pki/certs', lab.grace.headers)
    expect(body.certificates).toHaveLength(1)
  })

  it('of the trail go up to a head, from which the next page goes on', async () => {
    const first = (await lab.get('/pki/audit?limit=2', lab.admin.headers)).body
    expect(first.events.map((event: { sequence: number }) => event.sequence)).toEqual([1, 2])
    expect(first.next).toBe(2)
    const { body } = await lab.get('/pki/audit?limit=1000', lab.admin.headers)
    expect(body.next).toBeNull()
    expect(body.events.at(-1)).toMatchObject({ sequence: body.head.sequence, hash: body.head.hash })
  })
})

it('a page of the trail never goes beyond the head that is told with it', async () => {
  await using store = await openStore({ url: 'sqlite::memory:', now: () => new Date() })
  const audit = {
    ...store.audit,
    async head() {
      const head = await store.audit.head()
      await store.audit.append({ event: 'MEANWHILE', at: 0 })
      return head
    },
  }
  await using lab = await apiLab({ store: { ...store, audit } })
  const { body } = await lab.get('/pki/audit?limit=1000', lab.admin.headers)
  expect(body.events.at(-1)).toMatchObject(body.head)
})

function octets(response: request.Response, done: (error: Error | null, body: Buffer) => void): void {
  const answer = response as unknown as NodeJS.ReadableStream
  const chunks: Buffer[] = []
  answer.on('data', chunk => chunks.push(chunk))
  answer.on('end', () => done(null, Buffer.concat(chunks)))
}
