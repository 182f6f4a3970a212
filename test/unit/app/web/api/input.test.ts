// Promise: whatever a route is sent that it does not take has a code, a status and a sentence, and changes nothing.
import { once } from 'node:events'
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiLab, apiLab, applicant, type Headers, NOBODY } from '../../api-lab.ts'
import { dumpOf } from '../../dump-of.ts'

const ID = '0'.repeat(32)
const SERIAL = '7F'.repeat(16)
const PROOF = { challenge: 'a.b.c', nonce: '0' }

/** Each route with a body, and one that is right as far as its form goes. */
const ROUTES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  '/pki/ca': { common_name: 'Another' },
  '/pki/issue': { common_name: 'Ada' },
  [`/pki/revoke/${SERIAL}`]: { reason: 'superseded' },
  '/pki/renew': { pkcs12: 'modern' },
  [`/pki/requests/${ID}/approve`]: { sha256: 'AB' },
  [`/pki/requests/${ID}/reject`]: { reason: 'no' },
  [`/pki/requests/${ID}/collect`]: { pkcs12: 'modern' },
  '/register': { ...PROOF, common_name: 'Ada' },
}
const paths = Object.keys(ROUTES)

let lab: ApiLab
let before: string
beforeAll(async () => {
  lab = await apiLab()
  before = await dumpOf(lab)
})
afterAll(async () => {
  // Of all that follows, nothing was done.
  expect(await dumpOf(lab)).toBe(before)
  await lab[Symbol.asyncDispose]()
})

async function codeOf(answer: PromiseLike<{ status: number; text: string }>) {
  const { status, text: body } = await answer
  return [status, JSON.parse(body).code]
}

describe.each(paths)('POST %s', path => {
  const body = ROUTES[path] ?? {}

  it.each(['{', '"text"', '12', 'null', '\u0000', '{"a":1}x', '{"__proto__":'])(
    'malformed JSON %j: 400',
    async sent => {
      expect(await codeOf(lab.post(path, lab.admin.headers, sent))).toEqual([400, 'BODY_INVALID'])
    },
  )

  it.each(['[]', '[{}]', '{"__proto__":{"pkcs12":"modern"}}', '{"constructor":1}'])(
    'another thing than it takes %s: 400',
    async sent => {
      expect(await codeOf(lab.post(path, lab.admin.headers, sent))).toEqual([400, 'BODY_INVALID'])
    },
  )

  it('an unknown member: 400, which names it', async () => {
    const answer = await lab.post(path, lab.admin.headers, { ...body, commonName: 'Ada' })
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.text).detail).toContain('"commonName"')
  })

  it.each([[12], [null], [['Ada']], [{ toString: 'Ada' }], [true]])(
    'a member of the wrong type %j: 400, which names it',
    async value => {
      const [member = ''] = Object.keys(body)
      const answer = await lab.post(path, lab.admin.headers, { ...body, [member]: value })
      expect([answer.status, JSON.parse(answer.text).code]).toEqual([400, 'BODY_INVALID'])
      expect(JSON.parse(answer.text).detail).toContain(member)
    },
  )

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'text/json',
    'multipart/form-data; boundary=x',
  ])('as %s: 415', async type => {
    const answer = lab.post(path, lab.admin.headers, JSON.stringify(body)).set('Content-Type', type)
    expect(await codeOf(answer)).toEqual([415, 'MEDIA_TYPE_UNSUPPORTED'])
  })

  it('64 KiB and one octet: 413', async () => {
    const sent = JSON.stringify({ a: 'x'.repeat(64 * 1024 - 7) })
    expect(sent).toHaveLength(64 * 1024 + 1)
    expect(await codeOf(lab.post(path, lab.admin.headers, sent))).toEqual([413, 'BODY_TOO_LARGE'])
    expect(await codeOf(lab.post(path, lab.admin.headers, sent.replace('xx', 'x')))).toEqual([
      400,
      'BODY_INVALID',
    ])
  })

  it('64 KiB and one octet of unannounced length: 413', async () => {
    const sent = JSON.stringify({ a: 'x'.repeat(64 * 1024 - 7) })
    expect(await sendChunks(path, [sent.slice(0, 10), sent.slice(10)])).toEqual([413, 'BODY_TOO_LARGE'])
  })

  it('in pieces of unannounced length: as in one', async () => {
    const sent = JSON.stringify({ ...body, unknown: 'a'.repeat(40_000) })
    const [status, code, detail] = await sendChunks(
      path,
      sent.match(/.{1,1000}/gs) ?? [],
      ({ status, body }) => [status, body.code, body.detail],
    )
    expect([status, code]).toEqual([400, 'BODY_INVALID'])
    expect(detail).toContain('"unknown"')
  })
})

async function sendChunks(
  path: string,
  chunks: readonly string[],
  read: (answer: { status: number; body: Record<string, unknown> }) => unknown[] = ({ status, body }) => [
    status,
    body.code,
  ],
) {
  const server = createServer(lab.app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    const headers = {
      ...lab.admin.headers,
      'Content-Type': 'application/json',
      'Transfer-Encoding': 'chunked',
    }
    const sending = httpRequest({ port, host: '127.0.0.1', method: 'POST', path, headers })
    for (const chunk of chunks) sending.write(chunk)
    sending.end()
    const [response] = await once(sending, 'response')
    return read({ status: response.statusCode, body: JSON.parse(await text(response)) })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

describe('without a body', () => {
  it.each([
    ['/pki/issue', 400, 'NAME_INVALID'],
    ['/register', 400, 'BODY_INVALID'],
    [`/pki/requests/${ID}/approve`, 400, 'BODY_INVALID'],
    [`/pki/requests/${ID}/reject`, 400, 'BODY_INVALID'],
    [`/pki/requests/${ID}/collect`, 404, 'REQUEST_UNKNOWN'],
    [`/pki/revoke/${SERIAL}`, 404, 'CERT_UNKNOWN'],
    ['/pki/ca', 409, 'CA_EXISTS'],
  ])('POST %s: %i %s', async (path, status, code) => {
    expect(await codeOf(lab.post(path, lab.admin.headers, ''))).toEqual([status, code])
  })
})

describe('values of members', () => {
  it.each([
    ['/pki/issue', { common_name: 'A'.repeat(65) }, 'NAME_INVALID'],
    ['/pki/issue', { common_name: 'A'.repeat(513) }, 'BODY_INVALID'],
    ['/pki/issue', { common_name: 'Ada\u0000' }, 'NAME_INVALID'],
    ['/pki/issue', { common_name: 'Ada', organisation: 'x=y' }, 'NAME_INVALID'],
    ['/pki/issue', { common_name: 'Ada', email: 'ada' }, 'EMAIL_INVALID'],
    ['/pki/issue', { common_name: 'Ada', email: 'ada@example.org\r\nBcc: eve@example.org' }, 'EMAIL_INVALID'],
    ['/pki/issue', { common_name: 'Ada', days: 0 }, 'BODY_INVALID'],
    ['/pki/issue', { common_name: 'Ada', days: 1.5 }, 'BODY_INVALID'],
    ['/pki/issue', { common_name: 'Ada', days: 1e9 }, 'BODY_INVALID'],
    ['/pki/issue', { common_name: 'Ada', days: '7' }, 'BODY_INVALID'],
    ['/pki/issue', { common_name: 'Ada', pkcs12: 'none' }, 'BODY_INVALID'],
    ['/pki/issue', { common_name: 'Ada', csr: '' }, 'CSR_MALFORMED'],
    ['/pki/issue', { common_name: 'Ada', csr: 'x'.repeat(32_769) }, 'BODY_INVALID'],
    ['/pki/renew', { csr: '-----BEGIN CERTIFICATE REQUEST-----' }, 'CSR_MALFORMED'],
    [`/pki/revoke/${SERIAL}`, { reason: 'because' }, 'REASON_UNKNOWN'],
    [`/pki/requests/${ID}/reject`, { reason: '' }, 'BODY_INVALID'],
    [`/pki/requests/${ID}/reject`, { reason: 'x'.repeat(501) }, 'BODY_INVALID'],
  ])('POST %s %j: %s', async (path, body, code) => {
    expect(await codeOf(lab.post(path, lab.admin.headers, body))).toEqual([400, code])
  })
})

describe('queries', () => {
  const paging = ['limit=0', 'limit=1001', 'limit=-1', 'limit=1.5', 'limit=', 'limit=x', 'limit=1&limit=2']
  const unknown = [
    'page=1',
    'limit[]=1',
    '__proto__=1',
    'status=none',
    'status=',
    'status=valid&status=valid',
  ]
  const lists = ['/pki/certs', '/pki/requests', '/pki/audit']
  it.each(lists.flatMap(path => [...paging, ...unknown].map(query => `${path}?${query}`)))(
    'GET %s: 400',
    async path => {
      expect(await codeOf(lab.get(path, lab.admin.headers))).toEqual([400, 'BODY_INVALID'])
    },
  )

  it.each([
    '/pki/certs?search=a&search=b',
    `/pki/certs?search=${'x'.repeat(257)}`,
    '/pki/certs?after=a&after=b',
    '/pki/audit?after=-1',
    '/pki/audit?after=x',
    '/pki/audit?after=1e99',
    '/pki/ca.crt?format=p12',
    '/pki/ca.crt?format=pem&format=der',
  ])('GET %s: 400', async path => {
    expect(await codeOf(lab.get(path, lab.admin.headers))).toEqual([400, 'BODY_INVALID'])
  })

  it.each([
    '/pki/certs?after=UNKNOWN',
    '/pki/certs?search=%25',
    '/pki/certs?search=%00',
    '/pki/requests?after=x',
  ])('GET %s finds nothing', async path => {
    const { status, body } = await lab.get(path, lab.admin.headers)
    expect(status).toBe(200)
    expect(body.certificates ?? body.requests).toEqual([])
    expect(body.next).toBeNull()
  })
})

describe('what is not there', () => {
  const strange = ['%00', '%2e%2e', "'%20or%201=1--", '%F0%9F%98%80', 'x'.repeat(8000), '%1b%5b2J%0d%0a']
  it.each(strange)('%s is no serial number and no request', async name => {
    const { headers } = lab.admin
    const asked: readonly (readonly [PromiseLike<{ status: number; text: string }>, string])[] = [
      [lab.get(`/pki/certs/${name}`, headers), 'CERT_UNKNOWN'],
      [lab.post(`/pki/revoke/${name}`, headers), 'CERT_UNKNOWN'],
      [lab.get(`/pki/requests/${name}`, NOBODY), 'REQUEST_UNKNOWN'],
      [lab.post(`/pki/requests/${name}/approve`, headers, { sha256: '' }), 'REQUEST_UNKNOWN'],
      [lab.post(`/pki/requests/${name}/reject`, headers, { reason: 'no' }), 'REQUEST_UNKNOWN'],
      [lab.post(`/pki/requests/${name}/collect`, NOBODY), 'REQUEST_UNKNOWN'],
      [
        lab.post(`/tlsauth/csrs/${name}/sign`, headers, { sha256: '' }).set('Accept', 'application/json'),
        'REQUEST_UNKNOWN',
      ],
    ]
    for (const [answer, code] of asked) expect(await codeOf(answer)).toEqual([404, code])
  })

  it('a path that cannot be decoded is a bad request', async () => {
    expect((await lab.get('/pki/certs/%E0', lab.admin.headers)).status).toBe(400)
  })

  it('a refusal repeats little of what was sent, in the answer and in the trail', async () => {
    const { headers } = lab.admin
    const long = 'y'.repeat(6000)
    const answers = [
      await lab.post('/pki/issue', headers, { [long]: 1 }),
      await lab.post(`/pki/requests/${long}/reject`, headers, { reason: 'no' }),
      await lab.post('/pki/issue', headers, '{}').set('Content-Type', long),
    ]
    for (const { text: body } of answers) expect(body.length).toBeLessThan(1000)
    for (const event of await lab.events(/_REFUSED$/)) expect(JSON.stringify(event).length).toBeLessThan(1500)
  })
})

describe('what is shown', () => {
  const HOSTILE = '\u001b[2J\r\nX: y\u202e'
  const asText = (headers: Headers) => ({ ...headers, Accept: '*/*' })

  it.each(['/pki/issue', '/tlsauth/certify/'])('%s repeats it inertly', async path => {
    const { csr } = await applicant()
    const answer = await lab.post(path, asText(lab.admin.headers), { csr, common_name: HOSTILE })
    expect(answer.status).toBe(400)
    expect(answer.text.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    const unknown = await lab.post(path, asText(lab.admin.headers), { csr, [HOSTILE]: 1 })
    expect(unknown.status).toBe(400)
    expect(unknown.text.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    const broken = await lab.post(path, asText(lab.admin.headers), `{${HOSTILE}`)
    expect(broken.status).toBe(400)
    expect(broken.text.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })
})
