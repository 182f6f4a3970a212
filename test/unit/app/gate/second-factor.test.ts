// Promise: where it is required, an administrator's certificate without a code of the same person administers nothing, on no route.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CA, type Headers, NOBODY, presenting } from '../api-lab.ts'
import { makeUser } from '../lab.ts'
import { codeOf, type GateLab, gateLab, MINUTE, PAGE, withCookie } from './gate-lab.ts'

let lab: GateLab
let cookie: string
let routes: readonly (readonly [method: 'get' | 'post', path: string])[]
beforeAll(async () => {
  lab = await gateLab({ rules: { isForAdministrators: true } })
  cookie = (await lab.setUp(lab.admin.headers)).cookie
  const { paths } = (await lab.get('/openapi.json')).body
  const ofApi = Object.entries<Record<string, { description: string }>>(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { description }]) => description.startsWith('For level admin'))
      .map(([method]) => [method as 'get' | 'post', path.replaceAll(/\{\w+\}/g, 'x')] as const),
  )
  expect(ofApi.length).toBeGreaterThanOrEqual(10)
  routes = [
    ...ofApi,
    ['get', '/tlsauth/csrs/'],
    ['post', '/tlsauth/csrs/x/sign'],
    ['post', '/tlsauth/csrs/x/reject'],
    ['get', '/tlsauth/test/admins/'],
  ]
})
afterAll(() => lab[Symbol.asyncDispose]())

const call = (method: 'get' | 'post', path: string, headers: Headers) =>
  method === 'get' ? lab.get(path, headers) : lab.post(path, headers)

async function refused(headers: Headers): Promise<void> {
  for (const [method, path] of routes) {
    const answer = await call(method, path, { ...headers, Accept: 'application/json' })
    expect([method, path, answer.status, codeOf(answer)]).toEqual([
      method,
      path,
      403,
      'SECOND_FACTOR_REQUIRED',
    ])
  }
}

describe('an administrator', () => {
  it('without a code is refused on every route, and told what to do', async () => {
    await refused(lab.admin.headers)
    const { body } = await lab.get('/pki/audit', { ...lab.admin.headers, Accept: 'application/json' })
    expect(body.detail ?? '').toMatch(/_auth\/login/)
    const page = await lab.get('/tlsauth/test/admins/', { ...lab.admin.headers, ...PAGE })
    expect(page.text).toMatch(/href="[./]+_auth\/login"/)
    expect((await lab.events('ACCESS_REFUSED')).at(-1)).toMatchObject({
      code: 'SECOND_FACTOR_REQUIRED',
      level: 'trusted',
      name: 'Root',
    })
  })

  it('with certificate and code administers', async () => {
    for (const [method, path] of routes) {
      const { status, text } = await call(method, path, withCookie(cookie, lab.admin.headers))
      expect([method, path, status !== 403], text).toEqual([method, path, true])
    }
    expect((await lab.get('/pki/audit', withCookie(cookie, lab.admin.headers))).status).toBe(200)
  })

  it('without a code may what everybody with a certificate may, and no more on the routes for both', async () => {
    const { headers } = lab.admin
    expect((await lab.get('/whoami', headers)).body.level).toBe('trusted')
    expect((await lab.get('/whoami', withCookie(cookie, headers))).body.level).toBe('admin')
    const own = (await lab.get('/pki/certs', headers)).body.certificates
    expect(own.map(({ common_name }: { common_name: string }) => common_name)).toEqual(['Root'])
    const all = (await lab.get('/pki/certs', withCookie(cookie, headers))).body.certificates
    expect(all.length).toBeGreaterThan(1)
    const serial = lab.grace.certificate.serialNumber
    for (const answer of [
      await lab.post(`/pki/revoke/${serial}`, headers),
      await lab.get(`/pki/certs/${serial}`, headers),
    ])
      expect([answer.status, codeOf(answer)]).toEqual([403, 'SECOND_FACTOR_REQUIRED'])
    expect(await lab.store.certificates.find(serial)).toMatchObject({ revokedAt: null })
    const nothing = await lab.get('/pki/certs/00', lab.grace.headers)
    expect(codeOf(nothing)).toBe('CERT_UNKNOWN')
  })

  it('is one no more when the session has ended, by any of its ends', async () => {
    await using lab = await gateLab({ rules: { isForAdministrators: true } })
    const account = await lab.setUp(lab.admin.headers)
    const may = async (token: string) =>
      (await lab.get('/pki/audit', withCookie(token, lab.admin.headers))).status === 200
    expect(await may(account.cookie)).toBe(true)
    lab.clock.pass(10 * MINUTE)
    expect(await may(account.cookie)).toBe(false)
    const again = await lab.logIn('Root', lab.code(account)).expect(200)
    const token = again.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    expect(await may(token)).toBe(true)
    await lab.post('/_auth/logout', withCookie(token)).expect(204)
    expect(await may(token)).toBe(false)
  })
})

describe('nobody else', () => {
  it('with the code of another person, or a token that is none', async () => {
    const other = await lab.setUp(lab.grace.headers)
    await refused(withCookie(other.cookie, lab.admin.headers))
    await refused(withCookie('__Host-gatehouse=x', lab.admin.headers))
  })

  it('with the code alone', async () => {
    for (const [method, path] of routes) {
      const answer = await call(method, path, { ...withCookie(cookie), Accept: 'application/json' })
      expect([method, path, answer.status, codeOf(answer)]).toEqual([method, path, 401, 'CERT_MISSING'])
    }
  })

  it("with an ordinary certificate and an administrator's code", async () => {
    const answer = await lab.get('/pki/audit', withCookie(cookie, lab.grace.headers))
    expect([answer.status, codeOf(answer)]).toEqual([403, 'LEVEL_TOO_LOW'])
  })

  it('who set up the same name where anybody may', async () => {
    await using lab = await gateLab({
      rules: { isForAdministrators: true, setup: ['certificate', 'anybody'] },
    })
    const subject = [
      { type: 'O', value: 'CA admins' },
      { type: 'CN', value: 'Edith Clarke' },
    ]
    const headers = presenting((await makeUser(CA, { subject })).certificate)
    const impostor = await lab.setUp(NOBODY, { user: 'Edith Clarke' })
    expect(codeOf(await lab.get('/pki/audit', withCookie(impostor.cookie, headers)))).toBe(
      'SECOND_FACTOR_REQUIRED',
    )
  })
})

it('certificates that are made elsewhere count by their name, once it is of one person', async () => {
  await using lab = await gateLab({ rules: { isForAdministrators: true } })
  const admins = (name: string) => [
    { type: 'O', value: 'CA admins' },
    { type: 'CN', value: name },
  ]
  const edith = presenting((await makeUser(CA, { subject: admins('Edith Clarke') })).certificate)
  const account = await lab.setUp(edith)
  expect((await lab.get('/pki/audit', withCookie(account.cookie, edith))).status).toBe(200)
  const twin = presenting((await makeUser(CA, { subject: admins('Root') })).certificate)
  const root = await lab.setUp(lab.admin.headers)
  expect(codeOf(await lab.get('/pki/audit', withCookie(root.cookie, twin)))).toBe('SECOND_FACTOR_REQUIRED')
})

it('off, the certificate is enough', async () => {
  await using lab = await gateLab()
  expect((await lab.get('/pki/audit', lab.admin.headers)).status).toBe(200)
})
