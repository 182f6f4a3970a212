// A session opens the gate in the proxy itself, with or without the application, until it ends; then at once no more.
import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { GATE } from '../../proxy-configs/gate-contract.ts'
import { type Ask, ask, person } from '../support/ask.ts'
import { PATIENCE } from '../support/eventually.ts'
import { proxies } from '../support/fronts.ts'
import { cookieSetBy, invited, postJson, type Visitor } from '../support/gate-visitor.ts'
import { useStack } from '../support/stack.ts'
import { codeOfSecret } from '../unit/app/gate/gate-lab.ts'

describe.each(proxies)('$name', proxy => {
  const stack = useStack(proxy, { intranet: true })
  let ada: Visitor
  beforeAll(async () => {
    ada = await invited(stack(), 'Ada Lovelace')
  })

  /** Whom the intranet greets, or why nobody. */
  async function greeted(options: Ask): Promise<string | number> {
    const { status, body } = await ask(stack(), { path: GATE.path, ...options })
    return status === 200 ? JSON.parse(body).user : status
  }
  const withCookie = (cookie: Visitor['cookie']) => greeted({ headers: [cookie] })

  it('the cookie of the set-up opens it, and the proxy says what the application would', async () => {
    expect(await withCookie(ada.cookie)).toBe('Ada Lovelace')
    const { status, headers } = await ask(stack(), { path: '/_auth/verify', headers: [ada.cookie] })
    expect([status, headers['remote-user']]).toEqual([200, 'Ada Lovelace'])
    expect(await greeted({ as: person('grace') })).toBe('Grace Hopper')
    expect(await greeted({})).toBe(302)
  })

  it('from the redirect over the login to where one wanted to go', async () => {
    const path = `${GATE.path}a?b=c&d=%20e`
    const { headers } = await ask(stack(), { path })
    const url = new URL(String(headers.location), 'https://gatehouse.localhost').searchParams.get('url') ?? ''
    const lin = await invited(stack(), 'Lin Lanying')
    const body = new URLSearchParams({ user: lin.user, code: codeOfSecret(lin.secret, 1), url }).toString()
    const login = await ask(stack(), {
      method: 'POST',
      path: GATE.login,
      headers: [
        ['Content-Type', 'application/x-www-form-urlencoded'],
        ['Accept', 'text/html'],
      ],
      body,
    })
    expect([login.status, login.headers.location]).toEqual([303, path])
    expect(await greeted({ path, headers: [cookieSetBy(login)] })).toBe('Lin Lanying')
  })

  it('a code that comes twice at once is good once', async () => {
    const { user, secret } = await invited(stack(), 'Émilie du Châtelet')
    const code = codeOfSecret(secret, 1)
    const answers = await Promise.all([1, 2].map(() => postJson(stack(), GATE.login, { user, code })))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 401])
    const [first] = answers.filter(({ status }) => status === 200)
    expect(first && (await withCookie(cookieSetBy(first)))).toBe('Émilie du Châtelet')
  })

  it('log-out ends it', async () => {
    const { cookie } = await invited(stack(), 'Hypatia')
    expect(await withCookie(cookie)).toBe('Hypatia')
    expect((await postJson(stack(), '/_auth/logout', {}, { cookie })).status).toBe(204)
    await expect.poll(() => withCookie(cookie), PATIENCE).toBe(302)
    expect(await withCookie(ada.cookie)).toBe('Ada Lovelace')
  })

  it('removing the user ends it', async () => {
    const { cookie } = await invited(stack(), 'Sophie Germain')
    const as = person('admin')
    const { users } = JSON.parse((await ask(stack(), { path: '/_auth/users', as })).body)
    const { id } = users.find(({ user }: { user: string }) => user === 'Sophie Germain')
    expect((await postJson(stack(), `/_auth/users/${id}/remove`, {}, { as })).status).toBe(200)
    await expect.poll(() => withCookie(cookie), PATIENCE).toBe(302)
  })

  it('revoking the certificate of the set-up ends it, and lets it in no more itself', async () => {
    const as = person('cecilia')
    const offer = JSON.parse((await postJson(stack(), '/_auth/setup', {}, { as })).body)
    const code = codeOfSecret(offer.secret)
    const cookie = cookieSetBy(
      await postJson(stack(), '/_auth/setup/confirm', { setup: offer.setup, code }, { as }),
    )
    expect(await withCookie(cookie)).toBe('Cecilia Payne')
    const { serialNumber } = new X509Certificate(as.cert)
    const revoked = await postJson(
      stack(),
      `/pki/revoke/${serialNumber}`,
      { reason: 'keyCompromise' },
      { as: person('admin') },
    )
    expect(revoked.status).toBe(200)
    await expect.poll(() => withCookie(cookie), PATIENCE).toBe(302)
    await expect.poll(() => greeted({ as }), PATIENCE).toBe(403)
  })

  it('without the application the same people pass, and no others', async () => {
    const { cookie } = await invited(stack(), 'Mary Somerville')
    await postJson(stack(), '/_auth/logout', {}, { cookie })
    await expect.poll(() => withCookie(cookie), PATIENCE).toBe(302)
    await stack().restart('backend', async () => {
      expect(await withCookie(ada.cookie)).toBe('Ada Lovelace')
      expect(await greeted({ as: person('grace') })).toBe('Grace Hopper')
      expect(await withCookie(cookie)).toBe(302)
      expect(await greeted({})).toBe(302)
      expect((await ask(stack(), { path: '/' })).status).toBeGreaterThanOrEqual(500)
    })
    await expect.poll(async () => (await ask(stack(), { path: '/' })).status, PATIENCE).toBe(200)
    expect(await withCookie(ada.cookie)).toBe('Ada Lovelace')
  })
})
