// Promise: what a page sends changes something only with the token that the page was shown with, and a program needs none.
import request, { type Response } from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFormKey } from '../../../../app/web/form-tokens.ts'
import { type Headers, NOBODY, STRANGER } from '../api-lab.ts'
import { type GateLab, gateLab, withCookie } from '../gate/gate-lab.ts'
import { FROM_PAGE, formTokenOf } from './form-token-of.ts'
import { routesLab } from './routes-lab.ts'

let lab: GateLab
let session: Headers
beforeAll(async () => {
  lab = await gateLab()
  session = withCookie((await lab.invited('Ida')).cookie)
})
afterAll(() => lab[Symbol.asyncDispose]())

const REGISTER = '/tlsauth/register/'

async function send(path: string, headers: Headers, form: object): Promise<Response> {
  return await request(lab.app).post(path).set(headers).set(FROM_PAGE).type('form').send(form)
}

function refusal({ status, text }: Response): readonly [number, boolean] {
  return [status, text.includes('FORM_TOKEN_WRONG')]
}

const CALLERS: Readonly<Record<string, () => Headers>> = {
  'with a certificate': () => lab.grace.headers,
  'with one of his own': () => STRANGER,
  'who is logged in': () => session,
}

describe.each(Object.entries(CALLERS))('somebody %s', (_, headersOf) => {
  it('sends a form with its token, and not without it, with a wrong one or with that of somebody else', async () => {
    const headers = headersOf()
    const { csrf, cookie } = await formTokenOf(lab, headers)
    expect(cookie).toBeUndefined()
    const others = await formTokenOf(lab, lab.admin.headers)
    for (const wrong of [undefined, '', 'x'.repeat(43), csrf.slice(1), [csrf, csrf], others.csrf]) {
      const answer = await send(REGISTER, headers, { common_name: '', ...(wrong && { csrf: wrong }) })
      expect([wrong, ...refusal(answer)]).toEqual([wrong, 403, true])
    }
    expect((await send(REGISTER, headers, { common_name: '', csrf })).status).toBe(400)
  })
})

it('nobody has a token by his cookie, and with that alone it is good', async () => {
  const { csrf, cookie = '' } = await formTokenOf(lab, NOBODY)
  const form = { common_name: '', csrf }
  expect((await send(REGISTER, withCookie(cookie), form)).status).toBe(400)
  expect(refusal(await send(REGISTER, NOBODY, form))).toEqual([403, true])
  const twice = withCookie(`${cookie}; ${cookie}`)
  expect(refusal(await send(REGISTER, twice, form))).toEqual([403, true])
  const empty = withCookie('__Host-gatehouse-visitor=')
  expect(refusal(await send(REGISTER, empty, form))).toEqual([403, true])
})

it('a form that was opened before the login is good after it', async () => {
  const { csrf, cookie } = await formTokenOf(lab, NOBODY)
  const headers = withCookie(`${session.Cookie}; ${cookie}`)
  expect((await send(REGISTER, headers, { common_name: '', csrf })).status).toBe(400)
})

it('the cookie is for this host only, and scripts do not see it', async () => {
  const { headers } = await lab.get('/pastes', { ...NOBODY, ...FROM_PAGE })
  const [cookie] = [headers['set-cookie']].flat()
  expect(cookie).toMatch(/^__Host-gatehouse-visitor=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
})

it('where there is no form, nobody gets a cookie', async () => {
  for (const headers of [NOBODY, { ...NOBODY, ...FROM_PAGE }])
    expect((await lab.get('/', headers)).headers['set-cookie']).toBeUndefined()
})

describe.each([{ 'Sec-Fetch-Site': 'same-origin' }, { Origin: 'https://here' }])('with %j', marks => {
  it('nothing of any route is done without a token, or with that of somebody else', async () => {
    await using all = await routesLab()
    const { csrf } = await formTokenOf(all, all.grace.headers)
    const headers = { ...all.admin.headers, ...marks, Host: 'here', Accept: 'application/json' }
    const before = await all.dump()
    for (const { filled, changing } of all.routes) {
      for (const method of changing) {
        for (const token of [{}, { 'X-CSRF-Token': csrf }]) {
          const { status, text } = await all.send(method, filled, { ...headers, ...token })
          expect([filled, status, JSON.parse(text).code]).toEqual([filled, 403, 'FORM_TOKEN_WRONG'])
        }
        const form = await request(all.app)[method](filled).set(headers).type('form').send({ csrf })
        expect([filled, form.status, form.body.code]).toEqual([filled, 403, 'FORM_TOKEN_WRONG'])
      }
    }
    expect(await all.dump()).toEqual(before)
  })
})

it("a program on Node's fetch is no page, although it says how it fetches", async () => {
  const headers = { ...lab.admin.headers, 'Sec-Fetch-Mode': 'cors' }
  expect((await lab.send('post', '/pki/issue', headers, { common_name: 'Nobody Else' })).status).toBe(201)
})

it('with its own token an administrator gets to every route', async () => {
  await using all = await routesLab()
  const { csrf } = await formTokenOf(all, all.admin.headers)
  const headers = { ...all.admin.headers, ...FROM_PAGE, Accept: 'application/json', 'X-CSRF-Token': csrf }
  for (const { filled, changing } of all.routes) {
    for (const method of changing) {
      const { status } = await all.send(method, filled, headers)
      expect([filled, [403, 405].includes(status)]).toEqual([filled, false])
    }
  }
})

it('a script of a page sends it as a header', async () => {
  const { csrf } = await formTokenOf(lab, lab.admin.headers)
  const headers = { ...lab.admin.headers, ...FROM_PAGE, 'X-CSRF-Token': csrf }
  expect((await lab.post('/pki/issue', headers, { common_name: 'Ada' })).status).toBe(201)
})

it('a program needs none', async () => {
  expect((await lab.post('/pki/issue', lab.admin.headers, { common_name: 'Bob' })).status).toBe(201)
})

it('a paste of a form needs it as well', async () => {
  const { csrf } = await formTokenOf(lab, lab.grace.headers)
  const paste = () => request(lab.app).post('/pastes').set(lab.grace.headers).set(FROM_PAGE)
  expect(refusal(await paste().field('text', 'x'))).toEqual([403, true])
  expect((await paste().field('csrf', csrf).field('text', 'x')).status).toBe(303)
  expect(refusal(await paste().type('text/plain').send('x'))).toEqual([403, true])
})

it('is good in another process on the same store', async () => {
  expect(await openFormKey(lab.store)).toEqual(await openFormKey(lab.store))
})
