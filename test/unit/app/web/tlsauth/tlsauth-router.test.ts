// Promise: the paths of the older system answer forms and curl in text and files, and decide nothing that the API would not.
import { createPublicKey, X509Certificate } from 'node:crypto'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeCertificatePem } from '../../../../../pki/pem.ts'
import { openPkcs12 } from '../../../../support/enrol.ts'
import { type ApiLab, apiLab, applicant, CA, NOBODY, presenting, STRANGER } from '../../api-lab.ts'
import { makeUser } from '../../lab.ts'

let lab: ApiLab
beforeAll(async () => {
  lab = await apiLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

const form = (path: string, fields: object | string, headers = NOBODY) =>
  request(lab.app).post(path).set(headers).type('form').send(fields)
const text = (path: string, headers = NOBODY) => lab.get(path, headers).set('Accept', '*/*')
const derOf = (pem: string) => Buffer.from(pem.replaceAll(/-.*-|\s/g, ''), 'base64')

/** By its name, as the list for administrators has it. */
async function waitingOf(commonName: string) {
  const { body } = await lab.get('/tlsauth/csrs/', lab.admin.headers).set('Accept', 'application/json')
  return body.requests.find((each: { common_name: string }) => each.common_name === commonName)
}

describe('/tlsauth/register/', () => {
  it('refuses in one line of text', async () => {
    const taken = await form('/tlsauth/register/', { common_name: 'grace hopper' })
    expect([taken.status, taken.headers['content-type']]).toEqual([409, 'text/plain; charset=utf-8'])
    expect(taken.text).toMatch(/^The name "grace hopper" is taken.*\n$/)
    for (const fields of [{ commonName: 'Eve' }, 'common_name=Eve&common_name=Eva', { pkcs12: 'x' }])
      expect((await form('/tlsauth/register/', fields)).status).toBe(400)
    expect((await form('/tlsauth/register/', { common_name: 'Eve', organisation: 'CA admins' })).status).toBe(
      403,
    )
  })

  it('says how to use it', async () => {
    const answer = await text('/tlsauth/register/', { ...NOBODY, Host: 'gatehouse.localhost:8443' })
    expect(answer.text).toContain('https://gatehouse.localhost:8443/tlsauth/register/')
  })

  it('gives a PKCS#12 file, and its passphrase in a header', async () => {
    const answer = await form('/tlsauth/register/', {
      common_name: 'Ada',
      email: 'ada@example.org',
    }).responseType('blob')
    expect(answer.status).toBe(201)
    expect(answer.headers).toMatchObject({
      'content-type': 'application/x-pkcs12',
      'cache-control': 'no-store',
      'content-disposition': expect.stringMatching(/^attachment; filename="[0-9A-F]{32}\.p12"$/),
    })
    const passphrase = answer.headers['gatehouse-passphrase']
    const { cert, key } = openPkcs12({ pkcs12: answer.body.toString('base64'), passphrase })
    expect(new X509Certificate(cert)).toMatchObject({
      subject: 'CN=Ada',
      subjectAltName: 'email:ada@example.org',
    })
    expect(new X509Certificate(cert).publicKey.equals(createPublicKey(key))).toBe(true)
  })

  it('gives JSON to whoever accepts it', async () => {
    const { status, body } = await form('/tlsauth/register/', { common_name: 'Mary' }).set(
      'Accept',
      'application/json',
    )
    expect(status).toBe(201)
    expect(body).toMatchObject({
      common_name: 'Mary',
      passphrase: expect.any(String),
      pkcs12: expect.any(String),
    })
  })
})

describe('/tlsauth/certify/', () => {
  it('refuses what is no request', async () => {
    for (const fields of [{ csr: 'x' }, { csr: '' }, `csr=${'x'.repeat(40_000)}`, 'csr=a&csr=b', 'a=b', ''])
      expect((await form('/tlsauth/certify/', fields)).status).toBe(400)
    for (const type of ['application/pkcs10', 'text/plain', 'application/octet-stream'])
      expect((await form('/tlsauth/certify/', 'x').type(type)).status).toBe(400)
    const big = await form('/tlsauth/certify/', `csr=${'x'.repeat(70_000)}`)
    expect(big.status).toBe(413)
  })

  it.each([
    ['in a form', (csr: string) => ({ body: new URLSearchParams({ csr }).toString(), type: 'form' })],
    ['as a PEM file', (csr: string) => ({ body: csr, type: 'application/pkcs10' })],
    ['as text', (csr: string) => ({ body: csr, type: 'text/plain' })],
    ['as DER', (csr: string) => ({ body: derOf(csr), type: 'application/pkcs10' })],
    ['as curl --data-binary sends PEM', (csr: string) => ({ body: csr, type: 'form' })],
    ['as curl --data-binary sends DER', (csr: string) => ({ body: derOf(csr), type: 'form' })],
    ['in JSON', (csr: string) => ({ body: JSON.stringify({ csr }), type: 'application/json' })],
  ])('takes a request %s, and says how it stands', async (how, encode) => {
    const { csr } = await applicant(`Person ${how}`)
    const { body, type } = encode(csr)
    const sending = request(lab.app).post('/tlsauth/certify/').set(NOBODY).set('Accept', '*/*').type(type)
    const answer = await (Buffer.isBuffer(body)
      ? sending.serialize(() => body as never).send(body)
      : sending.send(body))
    expect(answer.status).toBe(202)
    expect(answer.text).toMatch(
      /^Your request waits for an administrator\. .*\/pki\/requests\/[0-9a-f]{32}\n$/,
    )
    expect(answer.headers.location).toMatch(/^\/pki\/requests\/[0-9a-f]{32}$/)
  })

  it('gives the certificate as PEM where the policy signs', async () => {
    await using signing = await apiLab({ context: { policy: () => 'sign' } })
    const { csr, privateKey } = await applicant('Ada')
    const answer = await signing.post('/tlsauth/certify/', NOBODY, { csr }).set('Accept', '*/*').buffer()
    expect(answer.status).toBe(201)
    expect(answer.headers['content-type']).toBe('application/pem-certificate-chain')
    const pem = answer.text ?? answer.body.toString()
    expect(new X509Certificate(pem).publicKey.equals(createPublicKey(privateKey))).toBe(true)
  })
})

describe('/tlsauth/csrs/', () => {
  it('is for administrators', async () => {
    for (const headers of [NOBODY, STRANGER, lab.grace.headers])
      expect((await text('/tlsauth/csrs/', headers)).text).not.toContain('request')
  })

  it('lists what waits, signs what was looked at, and rejects with a reason', async () => {
    await form('/tlsauth/certify/', { csr: (await applicant('Katherine Johnson')).csr })
    await form('/tlsauth/certify/', { csr: (await applicant('Dorothy Vaughan')).csr })
    const list = (await text('/tlsauth/csrs/', lab.admin.headers)).text
    const katherine = await waitingOf('Katherine Johnson')
    expect(list).toContain(katherine.id)
    expect(list).toContain(katherine.sha256)
    const { headers } = lab.admin
    const path = `/tlsauth/csrs/${katherine.id}`
    expect((await form(`${path}/sign`, { sha256: 'x' }, headers)).status).toBe(409)
    expect((await form(`${path}/sign`, { sha256: katherine.sha256 }, lab.grace.headers)).status).toBe(403)
    const signed = await form(`${path}/sign`, { sha256: katherine.sha256 }, headers).buffer()
    expect(signed.status).toBe(200)
    expect(signed.headers['content-type']).toBe('application/pem-certificate-chain')
    const dorothy = await waitingOf('Dorothy Vaughan')
    expect((await form(`/tlsauth/csrs/${dorothy.id}/reject`, {}, headers)).status).toBe(400)
    const rejected = await form(`/tlsauth/csrs/${dorothy.id}/reject`, { reason: 'no' }, headers)
    expect([rejected.status, rejected.text]).toEqual([200, 'Rejected.\n'])
    expect(await waitingOf('Dorothy Vaughan')).toBeUndefined()
  })

  it('shows what somebody has made up inertly', async () => {
    const hostile = {
      commonName: '<b>\u001b[2J\nrequest       forged\u202e',
      organisation: '"><script>alert(1)</script>',
      email: null,
      warnings: ['Not granted: \u001b]0;title\u0007'],
    }
    const { csr } = await applicant('Bob')
    const { id } = (await lab.post('/tlsauth/certify/', NOBODY, { csr }).set('Accept', 'application/json'))
      .body
    const row = await lab.store.requests.find(id)
    if (!row) throw new Error('not queued')
    await lab.store.requests.add({ ...row, ...hostile, id: 'f'.repeat(32) })
    const answer = await text('/tlsauth/csrs/', lab.admin.headers)
    expect(answer.text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(answer.text).not.toMatch(/^request {7}forged/m)
    expect(answer.headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    })
    const json = await lab.get('/tlsauth/csrs/', lab.admin.headers).set('Accept', 'application/json')
    expect(json.text.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}]/u)
  })
})

describe('/tlsauth/cert/ and /tlsauth/test/', () => {
  it('give the certificate of the CA, as PEM or DER', async () => {
    const pem = await text('/tlsauth/cert/').buffer().responseType('blob')
    expect(pem.body.toString()).toBe(encodeCertificatePem(CA.certificate.der))
    const der = await lab.get('/tlsauth/cert/').set('Accept', 'application/pkix-cert').responseType('blob')
    expect(der.body.equals(Buffer.from(CA.certificate.der))).toBe(true)
  })

  it('say who is asking, inertly', async () => {
    expect((await text('/tlsauth/test/')).text).toMatch(/^You are not authenticated\.\nlevel +anonymous\n/)
    expect((await text('/tlsauth/test/', lab.grace.headers)).text).toMatch(/common name +Grace Hopper\n/)
    const subject = [{ type: 'CN', value: '\u001b[2J\nlevel         admin' }]
    const hostile = (await makeUser(CA, { subject })).certificate
    const answer = await text('/tlsauth/test/', presenting(hostile))
    expect(answer.text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(answer.text.match(/^level/gm)).toHaveLength(1)
  })
})
