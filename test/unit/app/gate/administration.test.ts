// Promise: administrators, and nobody else, see who has one-time codes, invite, remove, and end sessions; all of it is on record.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiLab, NOBODY, STRANGER } from '../api-lab.ts'
import { codeOf, type GateLab, gateLab, withCookie } from './gate-lab.ts'

let lab: GateLab
beforeAll(async () => {
  lab = await gateLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

const ROUTES = [
  ['get', '/_auth/users'],
  ['post', '/_auth/invitations'],
  ['post', '/_auth/users/x/remove'],
  ['post', '/_auth/users/x/end-sessions'],
] as const

const usersOf = async (query = '') =>
  (await lab.get(`/_auth/users${query}`, lab.admin.headers).expect(200)).body

it('is for administrators, on every route', async () => {
  const account = await lab.invited('Eve')
  for (const [method, path] of ROUTES)
    for (const [headers, code] of [
      [NOBODY, 'CERT_MISSING'],
      [withCookie(account.cookie), 'CERT_MISSING'],
      [STRANGER, 'LEVEL_TOO_LOW'],
      [lab.grace.headers, 'LEVEL_TOO_LOW'],
    ] as const) {
      const answer = await (method === 'get' ? lab.get(path, headers) : lab.post(path, headers))
      expect([path, codeOf(answer)]).toEqual([path, code])
    }
})

it('is described, with what it may answer', async () => {
  const { paths } = (await lab.get('/openapi.json')).body
  expect(
    Object.keys(paths)
      .filter(path => path.startsWith('/_auth/'))
      .toSorted(),
  ).toEqual([
    '/_auth/ended',
    '/_auth/invitations',
    '/_auth/users',
    '/_auth/users/{id}/end-sessions',
    '/_auth/users/{id}/remove',
  ])
  expect(paths['/_auth/invitations'].post.responses[409].description).toBe('GATE_USER_EXISTS')
})

it('lists who there is, a page at a time, and nothing that opens anything', async () => {
  const account = await lab.invited('Ada Lovelace')
  const { users } = await usersOf()
  const ada = users.find(({ user }: { user: string }) => user === 'Ada Lovelace')
  expect(ada).toEqual({
    id: expect.any(String),
    user: 'Ada Lovelace',
    level: 'trusted',
    means: 'invitation',
    serial: null,
    created_at: expect.any(String),
    last_login_at: ada.created_at,
    sessions: 1,
    recovery_codes_left: 10,
  })
  const text = JSON.stringify(users)
  expect(text).not.toContain(account.secret)
  const pages: string[] = []
  for (let after: string | null = ''; after !== null; ) {
    const page: { users: { id: string }[]; next: string | null } = await usersOf(`?limit=1&after=${after}`)
    pages.push(...page.users.map(({ id }) => id))
    after = page.next
  }
  expect(pages).toEqual(users.map(({ id }: { id: string }) => id))
})

describe('an invitation', () => {
  it('is for a name that is fit to be shown', async () => {
    for (const user of ['', ' ', 'a=b', 'Grace\u202eHopper', 'a'.repeat(65)]) {
      const answer = await lab.post('/_auth/invitations', lab.admin.headers, { user })
      expect([user, answer.status, codeOf(answer)]).toEqual([user, 400, 'NAME_INVALID'])
    }
    expect((await lab.post('/_auth/invitations', lab.admin.headers, {})).status).toBe(400)
  })

  it('is on record without its code, and so is what was refused', async () => {
    const { body } = await lab.post('/_auth/invitations', lab.admin.headers, { user: 'Hedy' }).expect(201)
    await lab.post('/_auth/invitations', lab.admin.headers, { user: 'a=b' })
    expect((await lab.events('GATE_INVITED')).at(-1)).toMatchObject({ user: 'Hedy', actor: { name: 'Root' } })
    expect((await lab.events('GATE_INVITE_REFUSED')).at(-1)).toMatchObject({
      user: 'a=b',
      code: 'NAME_INVALID',
    })
    expect(JSON.stringify([await lab.events(), lab.lines])).not.toContain(body.invitation)
  })
})

it('ends all sessions of one, who may log in again', async () => {
  const account = await lab.invited('Mary')
  const { users } = await usersOf()
  const { id } = users.find(({ user }: { user: string }) => user === 'Mary')
  const answer = await lab.post(`/_auth/users/${id}/end-sessions`, lab.admin.headers).expect(200)
  expect(answer.body).toEqual({ ended: 1 })
  expect(await lab.verify(account.cookie)).toBe(401)
  expect((await lab.post(`/_auth/users/${id}/end-sessions`, lab.admin.headers)).body).toEqual({ ended: 0 })
  expect((await lab.logIn('Mary', lab.code(account))).status).toBe(200)
})

it('removes one, once, and says who it was', async () => {
  await lab.invited('Rosalind')
  const { users } = await usersOf()
  const { id } = users.find(({ user }: { user: string }) => user === 'Rosalind')
  const answer = await lab.post(`/_auth/users/${id}/remove`, lab.admin.headers).expect(200)
  expect(answer.body).toMatchObject({ id, user: 'Rosalind' })
  for (const path of [
    `/_auth/users/${id}/remove`,
    `/_auth/users/${id}/end-sessions`,
    '/_auth/users/x/remove',
  ]) {
    const again = await lab.post(path, lab.admin.headers)
    expect([again.status, codeOf(again)]).toEqual([404, 'GATE_USER_UNKNOWN'])
  }
  expect((await lab.events('GATE_USER_REMOVED')).at(-1)).toMatchObject({
    user: 'Rosalind',
    sessions: [expect.stringMatching(/^[0-9A-F]{32}$/)],
    actor: { name: 'Root' },
  })
})

it('there is nothing of it without a gate', async () => {
  await using without = await apiLab()
  for (const path of ['/_auth/', '/_auth/login', '/_auth/users', '/_auth/verify', '/_auth/ended'])
    expect((await without.get(path, without.admin.headers)).status).toBe(404)
  expect((await without.get('/openapi.json')).text).not.toContain('_auth')
})
