// Promise: each route answers each kind of caller as the table of the API says, and a refusal is on record.
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiLab, apiLab, applicant, type Headers, NOBODY, REFUSED, STRANGER } from '../../api-lab.ts'

const ID = '0'.repeat(32)
const SERIAL = '7F'.repeat(16)
type Outcome = readonly [status: number, code?: string]

const MISSING: Outcome = [401, 'CERT_MISSING']
const NOT_ACCEPTED: Outcome = [403, 'CERT_REFUSED']
const TOO_LOW: Outcome = [403, 'LEVEL_TOO_LOW']
const NO_PASTE: Outcome = [404, 'PASTE_UNKNOWN']

/** Of nobody, a refused certificate, a self-signed one, a trusted one, an administrator. */
type Row = readonly [call: string, ...outcomes: [Outcome, Outcome, Outcome, Outcome, Outcome]]
const forAll = (call: string, outcome: Outcome): Row => [call, outcome, outcome, outcome, outcome, outcome]
const forTrusted = (call: string, own: Outcome, admin: Outcome): Row => [
  call,
  MISSING,
  NOT_ACCEPTED,
  TOO_LOW,
  own,
  admin,
]
const forAdmins = (call: string, admin: Outcome): Row => forTrusted(call, TOO_LOW, admin)

const TABLE: readonly Row[] = [
  forAll('GET /pki', [200]),
  forAll('GET /pki/ca.crt', [200]),
  forAll('GET /pki/crl', [503, 'CRL_UNAVAILABLE']),
  forAll('GET /pki/revoked', [404, 'NOT_FOUND']),
  forAll('POST /pki/ocsp', [415, 'MEDIA_TYPE_UNSUPPORTED']),
  forAll('GET /pki/ocsp/AAAA', [200]),
  forAll('GET /openapi.json', [200]),
  forAll('GET /register/challenge', [200]),
  forAll('POST /register', [400, 'BODY_INVALID']),
  forAll(`GET /pki/requests/${ID}`, [404, 'REQUEST_UNKNOWN']),
  forAll(`POST /pki/requests/${ID}/collect`, [404, 'REQUEST_UNKNOWN']),
  forTrusted('GET /pki/certs', [200], [200]),
  forTrusted('GET /pki/certs/GRACE', [200], [200]),
  forTrusted('GET /pki/certs/ROOT', [404, 'CERT_UNKNOWN'], [200]),
  forTrusted(`GET /pki/certs/${SERIAL}`, [404, 'CERT_UNKNOWN'], [404, 'CERT_UNKNOWN']),
  forTrusted(`POST /pki/revoke/${SERIAL}`, [404, 'CERT_UNKNOWN'], [404, 'CERT_UNKNOWN']),
  forTrusted('POST /pki/renew', [201], [201]),
  forAdmins('POST /pki/ca', [409, 'CA_EXISTS']),
  forAdmins(`POST /pki/unhold/${SERIAL}`, [404, 'CERT_UNKNOWN']),
  forAdmins('POST /pki/issue', [400, 'NAME_INVALID']),
  forAdmins('GET /pki/requests', [200]),
  forAdmins(`POST /pki/requests/${ID}/approve`, [400, 'BODY_INVALID']),
  forAdmins(`POST /pki/requests/${ID}/reject`, [400, 'BODY_INVALID']),
  forAdmins('GET /pki/audit', [200]),
  forAll('POST /pastes', [201]),
  ['GET /pastes', MISSING, NOT_ACCEPTED, [200], [200], [200]],
  ['GET /pastes?all', MISSING, NOT_ACCEPTED, TOO_LOW, TOO_LOW, [200]],
  forAll(`GET /pastes/${ID}`, [404, 'PASTE_UNKNOWN']),
  forAll(`GET /pastes/${ID}/raw`, [404, 'PASTE_UNKNOWN']),
  [`DELETE /pastes/${ID}`, MISSING, NOT_ACCEPTED, NO_PASTE, NO_PASTE, NO_PASTE],
  [`POST /pastes/${ID}/delete`, MISSING, NOT_ACCEPTED, NO_PASTE, NO_PASTE, NO_PASTE],
  forAll('GET /tlsauth/register/', [200]),
  forAll('GET /tlsauth/certify/', [200]),
  forAll('GET /tlsauth/cert/', [200]),
  forAll('GET /tlsauth/test/', [200]),
  forAdmins('GET /tlsauth/test/admins/', [200]),
  forTrusted('GET /tlsauth/test/gatehouse/', [200], [403, 'ORGANISATION_WRONG']),
  forAll('POST /tlsauth/register/', [400, 'NAME_INVALID']),
  forAll('POST /tlsauth/certify/', [400, 'BODY_INVALID']),
  forAdmins('GET /tlsauth/csrs/', [200]),
  forAdmins(`POST /tlsauth/csrs/${ID}/sign`, [400, 'BODY_INVALID']),
  forAdmins(`POST /tlsauth/csrs/${ID}/reject`, [400, 'BODY_INVALID']),
]
const KINDS = ['nobody', 'refused', 'self-signed', 'trusted', 'admin'] as const
const cases = TABLE.flatMap(([call, ...outcomes]) =>
  KINDS.map((kind, i) => ({ call, kind, outcome: outcomes[i] as Outcome })),
)

let lab: ApiLab
let headersOf: Record<(typeof KINDS)[number], Headers>
beforeAll(async () => {
  lab = await apiLab()
  const { grace, admin } = lab
  headersOf = {
    nobody: NOBODY,
    refused: REFUSED,
    'self-signed': STRANGER,
    trusted: grace.headers,
    admin: admin.headers,
  }
})
afterAll(() => lab[Symbol.asyncDispose]())

function send(call: string, headers: Headers) {
  const [method, pattern = ''] = call.split(' ')
  const path = pattern
    .replace('GRACE', lab.grace.certificate.serialNumber)
    .replace('ROOT', lab.admin.certificate.serialNumber)
  if (method === 'GET') return lab.get(path, headers)
  return lab.send(method === 'DELETE' ? 'delete' : 'post', path, headers)
}

it.each(cases)('$call of $kind: $outcome', async ({ call, kind, outcome: [status, code] }) => {
  const answer = await send(call, headersOf[kind]).set('Accept', 'application/json')
  expect(answer.status).toBe(status)
  expect(answer.headers['cache-control']).toBe('no-store')
  if (status < 400) return
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
  expect(JSON.parse(answer.text)).toMatchObject({ type: 'about:blank', status, code, requestId: 'request-1' })
})

describe('a refusal', () => {
  it.each([
    ['nobody', 'CERT_MISSING', null, null],
    ['self-signed', 'LEVEL_TOO_LOW', null, expect.stringMatching(/^[0-9A-F]{64}$/)],
    ['trusted', 'LEVEL_TOO_LOW', 'Grace Hopper', expect.stringMatching(/^[0-9A-F]{64}$/)],
  ] as const)('of %s is in the trail, with who it was', async (kind, code, name, fingerprint256) => {
    await lab.get('/pki/audit', headersOf[kind])
    expect((await lab.events('ACCESS_REFUSED')).at(-1)).toMatchObject({
      code,
      path: '/pki/audit',
      name,
      fingerprint256,
      requestId: 'request-1',
      via: 'nginx',
      address: expect.any(String),
    })
  })

  it('comes before anything of the body is read', async () => {
    const answer = await lab.post('/pki/issue', lab.grace.headers, '{"not JSON')
    expect(answer.body.code ?? JSON.parse(answer.text).code).toBe('LEVEL_TOO_LOW')
  })
})

it.each([
  ['PUT', '/pki/issue', 'POST'],
  ['DELETE', '/pki/certs', 'GET, HEAD'],
  ['OPTIONS', '/pki/audit', 'GET, HEAD'],
  ['PATCH', '/openapi.json', 'GET, HEAD'],
  ['GET', '/pki/renew', 'POST'],
  ['GET', `/pki/revoke/${SERIAL}`, 'POST'],
  ['GET', `/pki/requests/${ID}/approve`, 'POST'],
  ['GET', `/tlsauth/csrs/${ID}/sign`, 'POST'],
  ['PUT', '/tlsauth/register/', 'GET, HEAD, POST'],
  ['POST', '/tlsauth/cert/', 'GET, HEAD'],
])('%s %s is no method there, also for an administrator', async (method, path, allowed) => {
  const verb = method.toLowerCase() as 'get' | 'put' | 'post' | 'patch' | 'delete' | 'options'
  const answer = await request(lab.app)[verb](path).set(lab.admin.headers)
  expect(answer.status).toBe(405)
  expect(answer.headers.allow).toBe(allowed)
})

it.each(['/PKI', '/pki/', '/pki/certs/', '/Register', '/tlsauth/csrs', '/pki/requests/a/b'])(
  'there is nothing at %s: authorisation belongs to exact paths',
  async path => {
    expect((await lab.get(path, lab.admin.headers)).status).toBe(404)
  },
)

it('HEAD is answered like GET, without a body', async () => {
  for (const path of ['/pki', '/pki/ca.crt', '/openapi.json', '/tlsauth/cert/']) {
    const answer = await request(lab.app).head(path).set(NOBODY)
    expect(answer.status).toBe(200)
    expect(answer.text).toBeUndefined()
  }
  expect((await request(lab.app).head('/pki/audit').set(lab.grace.headers)).status).toBe(403)
})

it('a site that requires certificates has no API without one', async () => {
  await using strict = await apiLab({ clientCert: 'require' })
  const refused = [
    [NOBODY, 'CERT_REQUIRED'],
    [REFUSED, 'CERT_REFUSED'],
    [STRANGER, 'LEVEL_TOO_LOW'],
  ] as const
  for (const [headers, code] of refused) {
    const answer = await strict.get('/pki', headers)
    expect(answer.status).toBe(403)
    expect(JSON.parse(answer.text).code).toBe(code)
  }
  expect((await strict.get('/pki', strict.grace.headers)).status).toBe(200)
})

it('an application without the key of the CA signs nothing, and says so', async () => {
  await using lab = await apiLab({ context: { signer: undefined } })
  expect((await lab.get('/pki')).body.signing).toBe(false)
  const { csr } = await applicant()
  const answers = [
    await lab.register({ common_name: 'Ada' }),
    await lab.post('/pki/issue', lab.admin.headers, { csr }),
    await lab.post('/pki/renew', lab.grace.headers),
    await lab.post(`/pki/requests/${ID}/approve`, lab.admin.headers, { sha256: '' }),
  ]
  expect(answers.map(({ status, text }) => [status, JSON.parse(text).code])).toEqual([
    [503, 'CA_KEY_ABSENT'],
    [503, 'CA_KEY_ABSENT'],
    [503, 'CA_KEY_ABSENT'],
    [404, 'REQUEST_UNKNOWN'],
  ])
  expect(
    (await lab.post(`/pki/revoke/${lab.grace.certificate.serialNumber}`, lab.grace.headers)).status,
  ).toBe(200)
})
