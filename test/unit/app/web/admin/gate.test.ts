// Promise: an administrator invites somebody to the gate, sees who uses it, ends sessions and removes users.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type GateLab, gateLab } from '../../gate/gate-lab.ts'
import { pagesOf } from './page-lab.ts'

let lab: GateLab
let pages: ReturnType<typeof pagesOf>
beforeAll(async () => {
  lab = await gateLab()
  pages = pagesOf(lab)
})
afterAll(() => lab[Symbol.asyncDispose]())

it('shows an invitation once, and that it is open until it is taken', async () => {
  const made = await pages.post('/admin/gate/invite', { user: 'Hedy Lamarr' })
  const [, invitation = ''] = /<code class="secret">([^<]+)</.exec(made.text) ?? []
  expect(invitation).not.toBe('')
  const before = await pages.get('/admin/gate/')
  expect(before.text).toContain('<li><bdi>Hedy Lamarr</bdi>')
  expect(before.text).not.toContain(invitation)
  await lab.setUp({}, { invitation })
  const { text } = await pages.get('/admin/gate/')
  expect(text).toContain('<td data-label="Name"><bdi>Hedy Lamarr</bdi>')
  expect(text).not.toContain('<li><bdi>Hedy Lamarr</bdi>')
})

it('ends sessions, and removes a user', async () => {
  const { cookie, user } = await lab.invited('Radia Perlman')
  const [row] = (
    await lab.store.gate.users.list({ now: lab.clock.now.getTime(), after: '', limit: 9 })
  ).filter(({ name }) => name === user)
  expect(await lab.verify(cookie)).toBe(200)
  const ended = await pages.post(`/admin/gate/${row?.id}/end-sessions`)
  expect([ended.status, ended.headers.location]).toEqual([303, '../'])
  expect(await lab.verify(cookie)).toBe(401)
  expect((await pages.post(`/admin/gate/${row?.id}/remove`)).status).toBe(303)
  expect((await pages.get('/admin/gate/')).text).not.toContain('Radia Perlman')
  expect((await pages.post(`/admin/gate/${row?.id}/remove`)).status).toBe(404)
})
