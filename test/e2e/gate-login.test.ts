// The login by one-time codes works through every front, as JSON and as forms, below a path prefix as well.
import { describe, expect, it } from 'vitest'
import { GATE } from '../../proxy-configs/gate-contract.ts'
import { type Ask, ask, type ClientKeys, person } from '../support/ask.ts'
import { fronts } from '../support/fronts.ts'
import { useStack } from '../support/stack.ts'
import { codeOfSecret } from '../unit/app/gate/gate-lab.ts'

const JSON_BODY = ['Content-Type', 'application/json'] as const
const FORM = [
  ['Content-Type', 'application/x-www-form-urlencoded'],
  ['Accept', 'text/html'],
] as const

describe.each(fronts)('$name', front => {
  const stack = useStack(front)
  const prefixes = front.name === 'direct' ? [''] : ['', '/app']
  const cases = prefixes.flatMap(prefix => ([1, 2] as const).map(http => ({ prefix, http })))
  // In direct mode there is HTTP/1.1 only.
  const served = cases.filter(({ http }) => front.name !== 'direct' || http === 1)

  describe.each(served)('at "$prefix/_auth/" over HTTP/$http', ({ prefix, http }) => {
    const send = (path: string, options: Ask = {}) =>
      ask(stack(), { http, path: `${prefix}${path}`, ...options })
    async function post(path: string, body: object, as?: ClientKeys) {
      const answer = await send(path, {
        method: 'POST',
        as,
        headers: [JSON_BODY],
        body: JSON.stringify(body),
      })
      return { ...answer, json: JSON.parse(answer.body) }
    }
    const cookieOf = ({ headers }: Awaited<ReturnType<typeof ask>>) => {
      const [cookie = ''] = [headers['set-cookie']].flat()
      expect(cookie).toMatch(/^__Host-gatehouse=[^;]+; .*Path=\/; .*HttpOnly; Secure; SameSite=Lax$/)
      return ['Cookie', cookie.split(';')[0] ?? ''] as const
    }
    const name = `Ada ${prefix.slice(1)} ${http}`.replace('  ', ' ')

    it('from the invitation to the log-out', async () => {
      const invitation = await post('/_auth/invitations', { user: name }, person('admin'))
      expect(invitation.status).toBe(201)
      const offer = await post('/_auth/setup', { invitation: invitation.json.invitation })
      const code = (steps: number) => codeOfSecret(offer.json.secret, steps)
      const done = await post('/_auth/setup/confirm', { setup: offer.json.setup, code: code(0) })
      expect(done.json).toMatchObject({ user: name, recovery_codes_left: 10 })
      const verified = await send('/_auth/verify', { headers: [cookieOf(done)] })
      expect([verified.status, verified.headers['remote-user']]).toEqual([200, name])

      const body = new URLSearchParams({ user: name, code: code(1), url: '/internal/a?b=c' }).toString()
      const login = await send('/_auth/login', { method: 'POST', headers: FORM, body })
      expect([login.status, login.headers.location]).toEqual([303, '/internal/a?b=c'])
      const cookie = cookieOf(login)
      const page = await send('/_auth/', { headers: [cookie, ['Accept', 'text/html']] })
      expect(page.body).toContain(`<h1>${name}</h1>`)
      const again = await send('/_auth/login?url=%2Finternal%2F', { headers: [cookie] })
      expect([again.status, again.headers.location]).toEqual([303, '/internal/'])

      const out = await send('/_auth/logout', {
        method: 'POST',
        headers: [cookie, ['Accept', 'text/html']],
        body: '',
      })
      expect([out.status, out.headers.location]).toEqual([303, './login'])
      expect((await send('/_auth/verify', { headers: [cookie] })).status).toBe(401)
    })

    it('a certificate passes by itself; nobody, and a list that is for proxies, do not', async () => {
      const passing = await send('/_auth/verify', { as: person('grace') })
      expect([passing.status, passing.headers['remote-user']]).toEqual([200, 'Grace Hopper'])
      const forged = [[GATE.remoteUser, 'Grace Hopper'] as const]
      expect((await send('/_auth/verify', { headers: forged })).status).toBe(401)
      const list = `/_auth/ended?nonce=${'0'.repeat(16)}&proxy=x`
      expect((await send(list, { as: person('admin') })).status).toBe(404)
    })
  })
})
