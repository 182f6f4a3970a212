// Promise: a page of another site changes nothing with the certificate that the browser sends along, on any route.
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { applicant } from '../api-lab.ts'
import { formTokenOf } from './form-token-of.ts'
import { type RoutesLab, routesLab } from './routes-lab.ts'

const HOST = 'gatehouse.localhost'

let lab: RoutesLab
beforeAll(async () => {
  lab = await routesLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

const FOREIGN = [
  { 'Sec-Fetch-Site': 'cross-site' },
  { 'Sec-Fetch-Site': 'same-site' },
  { 'Sec-Fetch-Site': '' },
  { 'Sec-Fetch-Site': 'Same-Origin' },
  { 'Sec-Fetch-Site': 'same-origin, cross-site' },
  { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://gatehouse.localhost' },
  { Origin: 'null' },
  { Origin: '' },
  { Origin: 'https://evil.example' },
  { Origin: 'https://gatehouse.localhost.evil.example' },
  { Origin: 'https://gatehouse.localhost:8443' },
  { Origin: 'https://gatehouse.localhost, https://evil.example' },
  { Origin: 'http://gatehouse.localhost' },
  { Origin: 'gatehouse.localhost' },
]
const OURS = [
  {},
  { 'Sec-Fetch-Site': 'same-origin', Origin: 'https://gatehouse.localhost' },
  { 'Sec-Fetch-Site': 'none' },
  { Origin: 'https://gatehouse.localhost' },
  { Origin: 'https://GATEHOUSE.localhost' },
]

/** What would be done, if it were not for the guard. */
async function bodyFor(path: string): Promise<object> {
  const { csr } = await applicant()
  if (/approve|sign$/.test(path)) return { sha256: lab.waiting.sha256 }
  if (/reject|revoke/.test(path)) return { reason: 'superseded' }
  if (path === '/register') return { ...(await lab.proof()), common_name: 'Eve' }
  if (path.includes('certify')) return { csr }
  return path.includes('issue') || path.includes('register') ? { common_name: 'Eve' } : {}
}

describe.each(FOREIGN)('with %j', origin => {
  it('an administrator changes nothing, on any route that takes more than reading', async () => {
    const before = await lab.dump()
    for (const { filled, changing } of lab.routes) {
      for (const method of changing) {
        const answer = await request(lab.app)
          [method](filled)
          .set({ ...lab.admin.headers, ...origin, Host: HOST, Accept: 'application/json' })
          .send(await bodyFor(filled))
        expect([filled, answer.status, answer.body.code]).toEqual([filled, 403, 'CROSS_SITE'])
      }
    }
    expect(await lab.dump()).toEqual(before)
  })
})

// They are before the guard, because they are before anybody is identified; they know no method but reading.
const OF_NOBODY = /^\/(healthz|readyz|metrics|assets\/.*)$/

it('no other method gets by on any route', async () => {
  for (const { path, filled } of lab.routes) {
    for (const method of ['post', 'put', 'patch', 'delete', 'mkcol'] as const) {
      const headers = { ...lab.admin.headers, ...FOREIGN[0], Accept: 'application/json' }
      const { status, body } = await request(lab.app)[method](filled).set(headers)
      const refusal = OF_NOBODY.test(path) ? [405, 'METHOD_NOT_ALLOWED'] : [403, 'CROSS_SITE']
      expect([method, path, status, body.code]).toEqual([method, path, ...refusal])
    }
  }
})

it('reading is allowed to everybody', async () => {
  const headers = { ...lab.admin.headers, 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }
  expect((await lab.get('/pki/certs', headers)).status).toBe(200)
})

it('no other site is told that it may read an answer', async () => {
  const { headers } = await lab.get('/pki/certs', { ...lab.admin.headers, Origin: 'https://evil.example' })
  expect(Object.keys(headers).filter(name => name.startsWith('access-control'))).toEqual([])
})

it('the attempt is in the trail, with whose certificate it was', async () => {
  await lab.post(
    '/pki/issue',
    { ...lab.admin.headers, Origin: 'https://evil.example' },
    { common_name: 'Eve' },
  )
  expect((await lab.events('ACCESS_REFUSED')).at(-1)).toMatchObject({
    code: 'CROSS_SITE',
    path: '/pki/issue',
    name: 'Root',
    serial: lab.admin.certificate.serialNumber,
  })
})

it.each(OURS)('a page of this site and a program pass: %j', async origin => {
  const { csr } = await applicant()
  const { csrf } = await formTokenOf(lab, lab.admin.headers)
  const headers = {
    ...lab.admin.headers,
    ...origin,
    Host: HOST,
    'X-CSRF-Token': csrf,
  }
  const name = `Ada ${JSON.stringify(origin).length} ${OURS.indexOf(origin)}`
  expect((await lab.post('/pki/issue', headers, { common_name: name, csr })).status).toBe(201)
})
