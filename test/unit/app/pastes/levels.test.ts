// Promise: each level makes, reads, lists and deletes exactly the pastes that its row of the table of levels allows.
import { hash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiLab, apiLab, CA, type Headers, NOBODY, presenting, REFUSED, STRANGER } from '../api-lab.ts'
import { contract, field, makeOwn, makeUser } from '../lab.ts'

const DAY = 86_400_000
let lab: ApiLab
let cecilia: Headers
let otherStranger: Headers
beforeAll(async () => {
  lab = await apiLab()
  cecilia = (await lab.person('Cecilia Payne')).headers
  const { certificate } = await makeOwn([{ type: 'CN', value: 'Mallory' }])
  otherStranger = contract({
    verify: 'FAILED:self-signed certificate',
    clientCertUnverified: field(certificate),
  })
})
afterAll(() => lab[Symbol.asyncDispose]())

const remove = (id: string, headers: Headers) => lab.send('delete', `/pastes/${id}`, headers)
const raw = (id: string, headers: Headers = NOBODY) => lab.get(`/pastes/${id}/raw`, headers)
async function made(headers: Headers, content = 'text', query = ''): Promise<string> {
  const { status, body } = await lab.paste(headers, content, query)
  expect(status).toBe(201)
  return body.id
}
async function listed(headers: Headers, query = ''): Promise<readonly string[]> {
  const { status, body } = await lab.get(`/pastes${query}`, headers)
  expect(status).toBe(200)
  return body.pastes.map(({ id }: { id: string }) => id)
}
const outcome = ({ status, text }: { status: number; text: string }) => [status, JSON.parse(text).code]

describe.each([
  ['nobody', () => NOBODY, 1, false, null],
  ['a refused certificate', () => REFUSED, 1, false, null],
  ['a self-signed certificate', () => STRANGER, 7, true, expect.stringMatching(/^[0-9A-F]{64}$/)],
  ['a trusted certificate', () => lab.grace.headers, 30, true, 'Grace Hopper'],
  ['an administrator', () => lab.admin.headers, 30, true, 'Root'],
] as const)('with %s', (_, headersOf, days, yours, owner) => {
  it('a paste lives as long as the level allows, and everybody who knows it reads it', async () => {
    const before = Date.now()
    const { status, headers, body } = await lab.paste(headersOf(), 'Grüße\n', '?name=greetings.txt')
    expect(status).toBe(201)
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      name: 'greetings.txt',
      media_type: 'text/plain; charset=utf-8',
      size: 8,
      sha256: hash('sha256', 'Grüße\n', 'hex').toUpperCase(),
      created_at: expect.any(String),
      expires_at: expect.any(String),
      burn: false,
      burnt_at: null,
      private: false,
      yours,
      owner,
    })
    expect(headers.location).toBe(`pastes/${body.id}`)
    const lives = Date.parse(body.expires_at) - Date.parse(body.created_at)
    expect(lives).toBe(days * DAY)
    expect(Date.parse(body.created_at)).toBeGreaterThanOrEqual(before)
    expect((await raw(body.id)).text).toBe('Grüße\n')
    expect((await lab.get(`/pastes/${body.id}`)).body).toEqual({ ...body, yours: false, owner: null })
    expect((await lab.get(`/pastes/${body.id}`, headersOf())).body).toEqual(body)
  })

  it('it is listed for its owner and for administrators, and for nobody else', async () => {
    const id = await made(headersOf())
    if (yours) expect(await listed(headersOf())).toContain(id)
    expect(await listed(lab.admin.headers, '?all&limit=1000')).toContain(id)
    expect(await listed(cecilia)).not.toContain(id)
    expect(await listed(otherStranger)).not.toContain(id)
  })

  it('it is deleted by its owner or an administrator, and by nobody else', async () => {
    const [first, second] = [await made(headersOf(), 'first'), await made(headersOf(), 'second')]
    for (const headers of [cecilia, otherStranger])
      expect(outcome(await remove(first, headers))).toEqual([403, 'PASTE_NOT_YOURS'])
    expect(outcome(await remove(first, NOBODY))).toEqual([401, 'CERT_MISSING'])
    expect((await raw(first)).text).toBe('first')
    if (yours) expect((await remove(first, headersOf())).status).toBe(200)
    expect((await remove(second, lab.admin.headers)).status).toBe(200)
    for (const id of yours ? [first, second] : [second]) {
      expect(outcome(await raw(id))).toEqual([404, 'PASTE_UNKNOWN'])
      expect(outcome(await remove(id, lab.admin.headers))).toEqual([404, 'PASTE_UNKNOWN'])
    }
  })

  it('a private one is not there for others', async () => {
    const answer = await lab.paste(headersOf(), 'secret', '?private')
    if (!yours) {
      expect(outcome(answer)).toEqual([403, 'OWNER_MISSING'])
      return
    }
    const { id } = answer.body
    for (const others of [NOBODY, cecilia, otherStranger]) {
      const answers = [lab.get(`/pastes/${id}`, others), raw(id, others)]
      if (others !== NOBODY) answers.push(remove(id, others))
      for (const each of answers) expect(outcome(await each)).toEqual([404, 'PASTE_UNKNOWN'])
    }
    expect((await raw(id, headersOf())).text).toBe('secret')
    expect((await lab.get(`/pastes/${id}`, lab.admin.headers)).body).toMatchObject({ id, private: true })
    if (headersOf() !== lab.admin.headers)
      expect(outcome(await raw(id, lab.admin.headers))).toEqual([403, 'PASTE_NOT_YOURS'])
    expect((await remove(id, lab.admin.headers)).status).toBe(200)
  })
})

it('a renewed certificate has the pastes of the old one; a new self-signed one has not', async () => {
  const grace = await lab.person('Ada Lovelace')
  const id = await made(grace.headers, 'before', '?private')
  const { body } = await lab.post('/pki/renew', grace.headers, {})
  const certificate = (await lab.store.certificates.find(body.serial))?.pem ?? ''
  const der = Buffer.from(certificate.replaceAll(/-----[A-Z ]+-----|\s/g, ''), 'base64')
  const renewed = contract({ verify: 'SUCCESS', clientCert: `:${der.toString('base64')}:` })
  expect(await listed(renewed)).toEqual([id])
  expect((await raw(id, renewed)).text).toBe('before')
  expect((await remove(id, renewed)).status).toBe(200)
  const own = await made(STRANGER, 'own', '?private')
  expect(outcome(await raw(own, otherStranger))).toEqual([404, 'PASTE_UNKNOWN'])
})

it('a person whom the authority knows no more than the certificate of owns by that', async () => {
  const [one, other] = [await makeUser(CA), await makeUser(CA)]
  const id = await made(presenting(one.certificate), 'text', '?private')
  expect((await raw(id, presenting(one.certificate))).text).toBe('text')
  expect((await raw(id, presenting(other.certificate))).status).toBe(404)
})

it('a list comes in pages, newest first', async () => {
  const { headers } = await lab.person('Emmy Noether')
  const ids: string[] = []
  for (let i = 0; i < 5; i += 1) ids.unshift(await made(headers, String(i)))
  const first = (await lab.get('/pastes?limit=2', headers)).body
  const second = (await lab.get(`/pastes?limit=2&after=${first.next}`, headers)).body
  const third = (await lab.get(`/pastes?limit=2&after=${second.next}`, headers)).body
  const pages = [first, second, third].map(({ pastes }) => pastes.map(({ id }: { id: string }) => id))
  // Within one millisecond their order is that of their identifiers.
  expect(pages.flat().toSorted()).toEqual(ids.toSorted())
  expect(pages.map(({ length }) => length)).toEqual([2, 2, 1])
  expect(third.next).toBeNull()
})

it('two pastes of one content are one file, until both are gone', async () => {
  const { headers } = await lab.person('Vera Rubin')
  const before = readdirSync(lab.pastebin.folder.path).length
  const [one, other] = [await made(headers, 'same'), await made(headers, 'same')]
  expect(readdirSync(lab.pastebin.folder.path)).toHaveLength(before + 1)
  await remove(one, headers)
  expect((await raw(other)).text).toBe('same')
  await remove(other, headers)
  expect(readdirSync(lab.pastebin.folder.path)).toHaveLength(before)
})

it('what is decided is in the trail, without the content', async () => {
  const id = await made(lab.grace.headers, 'never in the trail', '?burn')
  await raw(id)
  const other = await made(lab.grace.headers, 'never in the trail')
  await remove(other, cecilia)
  await remove(other, lab.admin.headers)
  const events = (await lab.events(/^PASTE_/)).filter(({ paste }) => paste === id || paste === other)
  expect(events).toMatchObject([
    { event: 'PASTE_CREATED', paste: id, size: 18, isBurning: true, actor: { name: 'Grace Hopper' } },
    { event: 'PASTE_BURNT', paste: id, actor: null },
    { event: 'PASTE_CREATED', paste: other, until: expect.any(String) },
    {
      event: 'PASTE_DELETE_REFUSED',
      paste: other,
      code: 'PASTE_NOT_YOURS',
      actor: { name: 'Cecilia Payne' },
    },
    { event: 'PASTE_DELETED', paste: other, actor: { name: 'Root' } },
  ])
  expect(JSON.stringify(await lab.events())).not.toContain('never in the trail')
  expect(JSON.stringify(lab.lines)).not.toContain('never in the trail')
})

describe('what is no identifier', () => {
  it.each([
    'x',
    '0'.repeat(31),
    '0'.repeat(33),
    'A'.repeat(32),
    '%00',
    '..%2f..',
    '%F0%9F%98%80',
    'x'.repeat(8000),
  ])('%s: there is no such paste', async id => {
    const { headers } = lab.admin
    const answers = [lab.get(`/pastes/${id}`), raw(id), remove(id, headers)]
    for (const answer of [...answers, lab.post(`/pastes/${id}/delete`, headers)])
      expect(outcome(await answer)).toEqual([404, 'PASTE_UNKNOWN'])
  })
})
