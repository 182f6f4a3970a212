// Promise: a page of another site changes nothing with the certificate that the browser sends along, on any route.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiLab, apiLab, applicant } from '../api-lab.ts'
import { dumpOf } from '../dump-of.ts'
import { formTokenOf } from './form-token-of.ts'

let lab: ApiLab
let calls: readonly (readonly [method: 'post' | 'delete', path: string])[]
let waiting: { id: string; sha256: string }
beforeAll(async () => {
  lab = await apiLab({ context: { policy: () => 'queue' } })
  waiting = (await lab.register({ common_name: 'Ada' })).body
  const paste = (await lab.paste(lab.admin.headers, 'kept')).body
  const described = (await lab.get('/openapi.json')).body.paths as Record<string, object>
  const ofApi = Object.entries(described).flatMap(([path, methods]) =>
    (['post', 'delete'] as const).filter(method => method in methods).map(method => [method, path] as const),
  )
  const filled = (path: string) =>
    path
      .replace('{id}', path.startsWith('/pastes') ? paste.id : waiting.id)
      .replace('{serial}', lab.grace.certificate.serialNumber)
  calls = [
    ...ofApi.map(([method, path]) => [method, filled(path)] as const),
    ['post', '/tlsauth/register/'],
    ['post', '/tlsauth/certify/'],
    ['post', `/tlsauth/csrs/${waiting.id}/sign`],
    ['post', `/tlsauth/csrs/${waiting.id}/reject`],
  ]
  expect(calls).toHaveLength(10 + 3 + 4)
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

async function bodyFor(path: string): Promise<object> {
  const { csr } = await applicant()
  if (/approve|sign/.test(path)) return { sha256: waiting.sha256 }
  if (path.includes('reject')) return { reason: 'no' }
  if (path === '/register') return { ...(await lab.proof()), common_name: 'Eve' }
  if (path.includes('certify')) return { csr }
  return path.includes('issue') || path.includes('register') ? { common_name: 'Eve' } : {}
}

describe.each(FOREIGN)('with %j', origin => {
  it('no POST or DELETE of an administrator passes, and nothing is done', async () => {
    const before = await dumpOf(lab)
    for (const [method, path] of calls) {
      const headers = { ...lab.admin.headers, ...origin, Host: 'gatehouse.localhost' }
      const answer = await lab
        .send(method, path, headers, await bodyFor(path))
        .set('Accept', 'application/json')
      expect([path, answer.status, JSON.parse(answer.text).code]).toEqual([path, 403, 'CROSS_SITE'])
    }
    expect(await dumpOf(lab)).toBe(before)
  })
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
    Host: 'gatehouse.localhost',
    'X-CSRF-Token': csrf,
  }
  const name = `Ada ${JSON.stringify(origin).length} ${OURS.indexOf(origin)}`
  expect((await lab.post('/pki/issue', headers, { common_name: name, csr })).status).toBe(201)
})
