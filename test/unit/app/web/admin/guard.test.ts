// Promise: what is below /admin is for administrators only, whatever it is; and nothing is changed but by its own forms.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ApiLab, apiLab, NOBODY, STRANGER } from '../../api-lab.ts'
import { gateConfig } from '../../gate/gate-lab.ts'
import { pagesOf } from './page-lab.ts'

let lab: ApiLab
let pages: ReturnType<typeof pagesOf>
let id: string
beforeAll(async () => {
  lab = await apiLab({ gate: gateConfig(), context: { policy: () => 'queue' } })
  pages = pagesOf(lab)
  id = (await lab.register({ common_name: 'Ada' })).body.id
})
afterAll(() => lab[Symbol.asyncDispose]())

const READ = ['', 'requests/', 'certificates/', 'gate/', 'audit/', 'audit/?verify=whole', 'what-is-not-there']
const CHANGED = [
  'requests/ID/approve',
  'requests/ID/reject',
  'certificates/SERIAL/revoke',
  'certificates/SERIAL/unhold',
]
const OF_THE_GATE = ['gate/invite', 'gate/ID/remove', 'gate/ID/end-sessions']

function named(path: string): string {
  return `/admin/${path.replace('ID', id).replace('SERIAL', lab.admin.certificate.serialNumber)}`
}

it.each([...READ, ...CHANGED, ...OF_THE_GATE])('/admin/%s', async path => {
  for (const [headers, status, code] of [
    [NOBODY, 401, 'CERT_MISSING'],
    [STRANGER, 403, 'LEVEL_TOO_LOW'],
    [lab.grace.headers, 403, 'LEVEL_TOO_LOW'],
  ] as const) {
    const isRead = READ.includes(path)
    const { text, ...answer } = isRead
      ? await pages.get(named(path), headers)
      : await pages.post(named(path), {}, headers)
    expect([answer.status, text.includes(`<code>${code}</code>`)]).toEqual([status, true])
    expect(text).not.toContain('aria-label="Administration"')
  }
})

it('puts on record who tried', async () => {
  await pages.get('/admin/', lab.grace.headers)
  const refused = await lab.events('ACCESS_REFUSED')
  expect(refused.at(-1)).toMatchObject({ name: 'Grace Hopper', path: '/admin/', code: 'LEVEL_TOO_LOW' })
})

it.each([...CHANGED, ...OF_THE_GATE])('/admin/%s takes nothing without the token of a form', async path => {
  const { status, text } = await pages.postWithoutToken(named(path))
  expect([status, text.includes('FORM_TOKEN_WRONG')]).toEqual([403, true])
})

it('asks for the one-time code where administration takes one', async () => {
  const gate = gateConfig({ rules: { isForAdministrators: true } })
  await using careful = await apiLab({ gate })
  const { status, text } = await pagesOf(careful).get('/admin/')
  expect([status, text.includes('<code>SECOND_FACTOR_REQUIRED</code>')]).toEqual([403, true])
})

it('has no page of the gate where there is none', async () => {
  await using without = await apiLab()
  const { get } = pagesOf(without)
  expect((await get('/admin/gate/')).status).toBe(404)
  expect((await get('/admin/')).text).not.toContain('admin/gate/')
})
