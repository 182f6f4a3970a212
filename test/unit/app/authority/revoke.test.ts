// Promise: a certificate is refused from the request after its revocation on, and only its holder or an administrator revokes it.
import { describe, expect, it, vi } from 'vitest'
import { REVOCATION_REASONS } from '../../../../pki/revocation-reason.ts'
import { type ApiLab, apiLab, applicant, CA, type Person, presenting } from '../api-lab.ts'
import { makeUser, SECRET } from '../lab.ts'

const pathOf = ({ certificate }: Person) => `/pki/revoke/${certificate.serialNumber}`
const codeOf = ({ status, text }: { status: number; text: string }) => [status, JSON.parse(text).code]
const stateOf = async ({ store }: ApiLab, { certificate }: Person) =>
  (await store.certificates.find(certificate.serialNumber))?.revokedAt

describe('refused', () => {
  it("to revoke somebody else's, as if there were none", async () => {
    await using lab = await apiLab()
    const answer = await lab.post(pathOf(lab.admin), lab.grace.headers)
    expect(codeOf(answer)).toEqual([404, 'CERT_UNKNOWN'])
    const none = await lab.post(`/pki/revoke/${'7F'.repeat(16)}`, lab.grace.headers)
    expect(JSON.parse(answer.text).detail).toBe(JSON.parse(none.text).detail)
    expect(await stateOf(lab, lab.admin)).toBeNull()
  })

  it('by a certificate that is not on record, though it has the same name', async () => {
    await using lab = await apiLab()
    const { certificate } = await makeUser(CA)
    expect(codeOf(await lab.post(pathOf(lab.grace), presenting(certificate)))).toEqual([404, 'CERT_UNKNOWN'])
    expect((await lab.get('/pki/certs', presenting(certificate))).body.certificates).toEqual([])
  })

  it('twice: the first date and reason stay', async () => {
    await using lab = await apiLab()
    const first = await lab.post(pathOf(lab.grace), lab.admin.headers, { reason: 'keyCompromise' })
    const answer = await lab.post(pathOf(lab.grace), lab.admin.headers, { reason: 'superseded' })
    expect(codeOf(answer)).toEqual([409, 'ALREADY_REVOKED'])
    expect(JSON.parse(answer.text).detail).toContain(first.body.revoked_at)
    const { body } = await lab.get(`/pki/certs/${lab.grace.certificate.serialNumber}`, lab.admin.headers)
    expect(body).toMatchObject({ reason: 'keyCompromise', revoked_at: first.body.revoked_at })
  })

  it('ten times at once, all but one', async () => {
    await using lab = await apiLab()
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => lab.post(pathOf(lab.grace), lab.admin.headers)),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array(9).fill(409)])
    expect(await lab.events('CERT_REVOKED')).toHaveLength(1)
    expect(await lab.events('REVOKE_REFUSED')).toHaveLength(9)
  })

  it('with a serial number in another form', async () => {
    await using lab = await apiLab()
    const { serialNumber } = lab.grace.certificate
    for (const serial of [
      serialNumber.toLowerCase(),
      `0x${serialNumber}`,
      `00${serialNumber}`,
      `${serialNumber}%20`,
    ]) {
      const answer = await lab.post(`/pki/revoke/${serial}`, lab.admin.headers)
      if (serial !== serialNumber) expect(codeOf(answer)).toEqual([404, 'CERT_UNKNOWN'])
    }
    expect(await stateOf(lab, lab.grace)).toBeNull()
  })
})

describe('from then on', () => {
  it('the next request with it is refused everywhere, with when and why', async () => {
    await using lab = await apiLab()
    expect((await lab.get('/', lab.grace.headers)).text).toBe('Hello Grace Hopper!\n')
    const { body } = await lab.post(pathOf(lab.grace), lab.grace.headers, { reason: 'key_compromise' })
    expect(body).toMatchObject({ status: 'revoked', reason: 'keyCompromise' })
    const { paths } = (await lab.get('/openapi.json')).body
    const ofApi = Object.entries<object>(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(method => [method, path.replaceAll(/[{}]/g, '')] as const),
    )
    const others = ['/', '/whoami', '/openapi.json', '/tlsauth/register/', '/tlsauth/csrs/', '/nothing']
    for (const [method, path] of [...ofApi, ...others.map(path => ['get', path] as const)]) {
      const call = method === 'get' ? lab.get(path, lab.grace.headers) : lab.post(path, lab.grace.headers)
      const answer = await call.set('Accept', 'application/json')
      expect([path, ...codeOf(answer)]).toEqual([path, 403, 'CERT_REVOKED'])
      expect(JSON.parse(answer.text).detail).toContain(`revoked at ${body.revoked_at} (keyCompromise)`)
    }
    const page = await lab.get('/', lab.grace.headers).set('Accept', 'text/html')
    expect(page.headers['content-type']).toMatch(/^text\/html/)
    expect([page.status, page.text]).toEqual([
      403,
      expect.stringContaining(`${body.revoked_at} (keyCompromise)`),
    ])
    expect((await lab.events('AUTH_FAILURE')).at(-1)).toMatchObject({
      code: 'CERT_REVOKED',
      serial: lab.grace.certificate.serialNumber,
      fingerprint256: lab.grace.certificate.fingerprint256,
    })
  })

  it('an API client is told in JSON, whatever it accepts', async () => {
    await using lab = await apiLab()
    await lab.post(pathOf(lab.grace), lab.grace.headers)
    const { headers } = await lab.get('/pki/certs', lab.grace.headers).set('Accept', '*/*')
    expect(headers['content-type']).toBe('application/problem+json; charset=utf-8')
  })

  it('an administrator who revokes himself is none any more', async () => {
    await using lab = await apiLab()
    expect((await lab.post(pathOf(lab.admin), lab.admin.headers)).status).toBe(200)
    expect(codeOf(await lab.get('/pki/audit', lab.admin.headers))).toEqual([403, 'CERT_REVOKED'])
  })

  it('whoever comes without it is nobody, as before', async () => {
    await using lab = await apiLab()
    await lab.post(pathOf(lab.grace), lab.grace.headers)
    expect((await lab.get('/')).text).toBe('Hello Unauthorized!\n')
  })
})

describe('the answer', () => {
  const PROXY = { 'X-Proxy-Secret': SECRET, 'X-SSL-Client-Verify': 'NONE' }
  const follow = (lab: ApiLab, proxy: string, after: number, wait = 0) =>
    lab.get(`/pki/revoked?nonce=0123456789abcdef&proxy=${proxy}&after=${after}&wait=${wait}`, PROXY)

  it('says since when each proxy refuses the certificate, or that it has not said so', async () => {
    await using lab = await apiLab()
    const { generation } = lab.store.proxyList
    const before = await generation()
    await follow(lab, 'apache', before)
    const waiting = follow(lab, 'nginx', before, 25).then(answer => answer)
    await vi.waitFor(() => expect(lab.authority.proxies.known()).toHaveLength(2))
    const revoking = lab.post(pathOf(lab.grace), lab.admin.headers).then(answer => answer)
    expect((await waiting).text).toContain(`\n+${lab.grace.certificate.serialNumber}\n`)
    await follow(lab, 'nginx', await generation())
    const { body } = await revoking
    expect(body).toMatchObject({ status: 'revoked', serial: lab.grace.certificate.serialNumber })
    expect(body.proxies).toEqual([
      { name: 'apache', address: '127.0.0.1', refused_after_ms: null },
      { name: 'nginx', address: '127.0.0.1', refused_after_ms: expect.any(Number) },
    ])
  })

  it('waits for nobody where no proxy follows', async () => {
    await using lab = await apiLab()
    expect((await lab.post(pathOf(lab.grace), lab.admin.headers)).body.proxies).toEqual([])
  })
})

describe('allowed', () => {
  it('to an administrator, any; to others, their own', async () => {
    await using lab = await apiLab()
    const other = await lab.person('Other')
    expect((await lab.post(pathOf(lab.grace), lab.admin.headers)).status).toBe(200)
    expect((await lab.post(pathOf(other), other.headers)).status).toBe(200)
    const row = await lab.store.certificates.find(lab.grace.certificate.serialNumber)
    expect(row?.revokedBy).toBe(lab.admin.certificate.serialNumber)
  })

  it.each(Object.keys(REVOCATION_REASONS))('for the reason %s', async reason => {
    await using lab = await apiLab()
    const { body } = await lab.post(pathOf(lab.grace), lab.grace.headers, { reason })
    expect(body).toMatchObject({ status: 'revoked', reason })
  })

  it('and the name is free again for an administrator to issue', async () => {
    await using lab = await apiLab()
    const { csr } = await applicant('Grace Hopper')
    expect((await lab.post('/pki/issue', lab.admin.headers, { csr })).status).toBe(409)
    await lab.post(pathOf(lab.grace), lab.grace.headers)
    expect((await lab.post('/pki/issue', lab.admin.headers, { csr })).status).toBe(201)
  })
})

it('a certificate that the store does not know is as good as its CA', async () => {
  await using lab = await apiLab()
  const { certificate } = await makeUser(CA)
  expect((await lab.get('/whoami', presenting(certificate))).body).toMatchObject({ level: 'trusted' })
})
