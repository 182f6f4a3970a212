// Promise: reading changes nothing, on any route of the application, as a page or as data, whoever reads. Two say that
// they do: a paste for one reader goes with him, and a session goes on while it is in use.
import request from 'supertest'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Headers, NOBODY, STRANGER } from '../api-lab.ts'
import { contract } from '../lab.ts'
import { FROM_PAGE } from './form-token-of.ts'
import { type RoutesLab, routesLab } from './routes-lab.ts'

const QUERIES: Readonly<Record<string, string>> = {
  '/pki/revoked': 'after=0&nonce=0123456789abcdef&wait=0&proxy=nginx',
  '/_auth/ended': 'after=0&nonce=0123456789abcdef&wait=0&proxy=nginx',
  '/admin/audit/': 'verify=whole',
}

let lab: RoutesLab
let people: readonly Headers[]
beforeAll(async () => {
  lab = await routesLab()
  const [orchestrator, proxy] = [{}, contract({ via: undefined })]
  people = [orchestrator, proxy, NOBODY, STRANGER, lab.session, lab.grace.headers, lab.admin.headers]
})
afterAll(() => lab[Symbol.asyncDispose]())

const MARKS = [{}, FROM_PAGE, { ...FROM_PAGE, 'Sec-Fetch-Site': 'cross-site' }]

it.each(MARKS)('with %j', async marks => {
  const before = await lab.dump()
  for (const { path, methods, filled } of lab.routes) {
    const address = `${filled}?${QUERIES[path] ?? ''}`
    const statuses: number[] = []
    for (const person of people) statuses.push((await lab.get(address, { ...person, ...marks })).status)
    for (const method of ['head', 'options'] as const)
      await request(lab.app)
        [method](address)
        .set({ ...lab.admin.headers, ...marks })
    // Somebody really has read it; who may change something only, has not.
    expect([path, Math.min(...statuses) < 400]).toEqual([path, methods.includes('get')])
    expect([path, statuses.filter(status => status >= 500)]).toEqual([path, []])
  }
  expect(await lab.dump()).toEqual(before)
})
