// Promise: a code logs in once, whoever is quicker; guessing becomes slow, for a name and for an address, and nobody learns who has codes.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { NOBODY, OPERATOR } from '../api-lab.ts'
import { formTokenOf } from '../web/form-token-of.ts'
import {
  type Account,
  codeOf,
  cookieOf,
  from,
  type GateLab,
  gateLab,
  HOUR,
  PAGE,
  SECOND,
  withCookie,
} from './gate-lab.ts'

let lab: GateLab
let ada: Account
beforeAll(async () => {
  lab = await gateLab()
  ada = await lab.invited('Ada Lovelace')
})
afterAll(() => lab[Symbol.asyncDispose]())

const OTHER = from('198.51.100.9')

/** Never right: the codes of the window are others. */
function wrongCode(of: Account): string {
  const right = [-1, 0, 1].map(steps => lab.code(of, steps))
  return ['000000', '111111', '222222', '333333'].find(code => !right.includes(code)) ?? ''
}

describe('a right code', () => {
  it('logs in, and the answer says who and until when', async () => {
    const answer = await lab.logIn('Ada Lovelace', lab.code(ada)).expect(200)
    expect(answer.body).toEqual({
      user: 'Ada Lovelace',
      level: 'trusted',
      since: lab.clock.now.toISOString(),
      until: new Date(lab.clock.now.getTime() + 8 * HOUR).toISOString(),
      token_until: expect.any(String),
      recovery_codes_left: 10,
    })
    const verified = await lab.get('/_auth/verify', withCookie(cookieOf(answer))).expect(200)
    expect(verified.headers).toMatchObject({ 'remote-user': 'Ada Lovelace', 'remote-level': 'trusted' })
  })

  it.each(['ada lovelace', ' Ada  Lovelace', 'ＡＤＡ Lovelace'])(
    'is that of the same person as %j',
    async name => {
      lab.clock.pass(30 * SECOND)
      expect((await lab.logIn(name, lab.code(ada))).status).toBe(200)
    },
  )

  it('may have a blank in it, as apps show it', async () => {
    lab.clock.pass(30 * SECOND)
    expect((await lab.logIn(ada.user, lab.code(ada).replace(/^.../, '$& '))).status).toBe(200)
  })

  it('is taken one step early or late, and not two', async () => {
    lab.clock.pass(5 * 30 * SECOND)
    for (const [steps, status] of [
      [-2, 401],
      [2, 401],
      [-1, 200],
      [1, 200],
    ] as const)
      expect([steps, (await lab.logIn(ada.user, lab.code(ada, steps))).status]).toEqual([steps, status])
  })

  it('by form goes on to where the browser came from, or to the account', async () => {
    for (const [url, target] of [
      ['/internal/a?b=c', '/internal/a?b=c'],
      ['//evil.example', '/'],
      [undefined, './'],
    ]) {
      lab.clock.pass(90 * SECOND)
      const answer = await lab
        .post(
          '/_auth/login',
          { ...NOBODY, ...PAGE },
          new URLSearchParams({ user: ada.user, code: lab.code(ada), ...(url && { url }) }).toString(),
        )
        .type('form')
      expect([answer.status, answer.headers.location]).toEqual([303, target])
      expect(await lab.verify(cookieOf(answer))).toBe(200)
    }
  })
})

describe('a code that was used', () => {
  it('is not taken again, nor any before it', async () => {
    lab.clock.pass(90 * SECOND)
    const [before, now] = [lab.code(ada, -1), lab.code(ada)]
    expect((await lab.logIn(ada.user, now)).status).toBe(200)
    for (const code of [now, before])
      expect(codeOf(await lab.logIn(ada.user, code))).toBe('GATE_LOGIN_REFUSED')
    expect((await lab.events('GATE_LOGIN_REFUSED')).at(-1)).toMatchObject({ reason: 'code used before' })
  })

  it('logs in one of many at once', async () => {
    for (let round = 0; round < 3; round += 1) {
      lab.clock.pass(90 * SECOND)
      const code = lab.code(ada)
      const answers = await Promise.all(Array.from({ length: 8 }, () => lab.logIn(ada.user, code)))
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
      lab.clock.pass(HOUR)
    }
  })

  it('was used also when it finished the set-up', async () => {
    const offer = await lab.beginSetup(lab.grace.headers)
    const { setup, secret } = offer.body
    const code = lab.code({ secret })
    await lab.confirmSetup({ setup, code }, lab.grace.headers).expect(201)
    expect((await lab.logIn('Grace Hopper', code)).status).toBe(401)
    expect((await lab.logIn('Grace Hopper', lab.code({ secret }, 1))).status).toBe(200)
  })
})

describe('nobody learns who has codes', () => {
  it('from the answer: an unknown name and a wrong code get the same, as JSON and as a page', async () => {
    await using lab = await gateLab()
    const known = await lab.invited('Ada')
    const right = [-1, 0, 1].map(steps => lab.code(known, steps))
    const code = ['000000', '111111'].find(each => !right.includes(each)) ?? ''
    const answer = async (user: string, headers: Record<string, string>) => {
      const { status, text, headers: all } = await lab.logIn(user, code, { ...NOBODY, ...headers })
      const { date: _, ratelimit: __, 'content-length': ___, etag: ____, ...rest } = all
      return { status, text: text.replaceAll(user, 'NAME'), rest }
    }
    const { cookie = '' } = await formTokenOf(lab, NOBODY)
    for (const headers of [{}, { ...PAGE, Cookie: cookie }]) {
      const answers = [await answer('Ada', headers), await answer('Eve', headers)]
      expect(answers[1]).toEqual(answers[0])
      expect(answers[0]?.status).toBe(401)
    }
  })

  it('from a delay: names that are not there are delayed alike', async () => {
    await using lab = await gateLab()
    await lab.invited('Ada')
    const seen: Record<string, unknown[]> = { Ada: [], Eve: [] }
    for (const [name, list] of Object.entries(seen))
      for (let i = 0; i < 6; i += 1) {
        const answer = await lab.logIn(name, 'no code')
        list.push([answer.status, answer.headers['retry-after'], codeOf(answer)])
      }
    expect(seen.Eve).toEqual(seen.Ada)
    expect(seen.Ada?.at(-1)).toEqual([429, '5', 'GATE_DELAYED'])
  })

  it('from a recovery code', async () => {
    const typed = '00000-00000-00000-00000'
    const [one, other] = [await lab.logIn(ada.user, typed, OTHER), await lab.logIn('Eve', typed, OTHER)]
    expect([one.status, one.text]).toEqual([401, other.text])
  })
})

describe('guessing', () => {
  it('is slowed down after three tries, twice as much each time, up to a quarter of an hour, and says until when', async () => {
    await using lab = await gateLab()
    const known = await lab.invited('Ada')
    const waits: number[] = []
    for (let i = 0; waits.length < 10; i += 1) {
      // From everywhere: no address has done it often.
      const answer = await lab.logIn('Ada', 'no code', from(`192.0.2.${i}`))
      if (answer.status === 401) continue
      expect(answer.status).toBe(429)
      const wait = Number(answer.headers['retry-after'])
      waits.push(wait)
      const until = new Date(lab.clock.now.getTime() + wait * SECOND).toISOString()
      expect(answer.text).toContain(until)
      lab.clock.pass(wait * SECOND - 1)
      expect((await lab.logIn('Ada', lab.code(known))).status).toBe(429)
      lab.clock.pass(1)
    }
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 900, 900])
    // Trying during a delay makes it no longer: who owns the name gets in when it is over.
    expect((await lab.logIn('Ada', lab.code(known))).status).toBe(200)
    for (let i = 0; i < 3; i += 1) expect((await lab.logIn('Ada', 'no code')).status).toBe(401)
  })

  it('of many names from one address is slowed down as well, and the address has no other name', async () => {
    await using lab = await gateLab()
    const known = await lab.invited('Ada')
    for (let i = 0; i < 21; i += 1)
      expect((await lab.logIn(`Name ${i}`, 'no code', from(`2001:db8::${i}`))).status).toBe(401)
    const answer = await lab.logIn('Ada', lab.code(known), from('2001:db8::ffff'))
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '1'])
    expect((await lab.logIn('Ada', lab.code(known), from('2001:db8:0:1::1'))).status).toBe(200)
  })

  it('of many at once has no free tries: each is counted before the next is looked at', async () => {
    await using lab = await gateLab()
    await lab.invited('Ada')
    const guess = (i: number) =>
      lab.gate?.logIn({ ...OPERATOR, address: `192.0.2.${i}` }, { user: 'Ada', code: 'no code' })
    const outcomes = await Promise.all(Array.from({ length: 30 }, (_, i) => guess(i)))
    expect(outcomes.filter(outcome => outcome?.kind === 'refused')).toHaveLength(4)
    expect(outcomes.filter(outcome => outcome?.kind === 'delayed')).toHaveLength(26)
  })

  it('during a delay costs the others nothing: nothing is written', async () => {
    await using lab = await gateLab()
    for (let i = 0; i < 4; i += 1) await lab.logIn('Ada', 'no code')
    const transaction = vi.spyOn(lab.store, 'transaction')
    const attempt = { user: 'Ada', code: 'no code' }
    expect(await lab.gate?.logIn(OPERATOR, attempt)).toMatchObject({ kind: 'delayed' })
    expect(transaction).not.toHaveBeenCalled()
  })

  it('is forgotten after a day', async () => {
    await using lab = await gateLab()
    for (let i = 0; i < 4; i += 1) await lab.logIn('Ada', 'no code')
    lab.clock.pass(24 * HOUR + 6 * SECOND)
    for (let i = 0; i < 4; i += 1) expect((await lab.logIn('Ada', 'no code')).status).toBe(401)
  })

  it('is not delayed for years by a clock that was wrong', async () => {
    await using lab = await gateLab()
    for (let i = 0; i < 4; i += 1) await lab.logIn('Ada', 'no code')
    lab.clock.pass(-365 * 24 * HOUR)
    const answer = await lab.logIn('Ada', 'no code')
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(900)
  })

  it('keeps nobody out who has a recovery code', async () => {
    await using lab = await gateLab()
    const known = await lab.invited('Ada')
    for (let i = 0; i < 5; i += 1) await lab.logIn('Ada', 'no code', OTHER)
    expect((await lab.logIn('Ada', lab.code(known))).status).toBe(429)
    expect((await lab.logIn('Ada', known.recoveryCodes[0] ?? '')).status).toBe(200)
  })
})

describe('a recovery code', () => {
  it('logs in once, of many at once too', async () => {
    const [code = '', next = ''] = ada.recoveryCodes
    const answers = await Promise.all(Array.from({ length: 6 }, () => lab.logIn(ada.user, code)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const answer = await lab.logIn(ada.user, next.toUpperCase().replaceAll('-', ' ')).expect(200)
    expect(answer.body.recovery_codes_left).toBe(8)
  })

  it("is nobody else's", async () => {
    await using lab = await gateLab()
    const [one, other] = [await lab.invited('Ada'), await lab.invited('Eve')]
    expect((await lab.logIn(other.user, one.recoveryCodes[0] ?? '')).status).toBe(401)
    expect((await lab.logIn(one.user, one.recoveryCodes[0] ?? '')).status).toBe(200)
  })
})

describe('on record', () => {
  it('is who, by what, and why not; never a code, a secret or a token', async () => {
    await using lab = await gateLab()
    const known = await lab.invited('Ada Lovelace')
    const [code, recovery = ''] = [lab.code(known), known.recoveryCodes[0]]
    const cookie = cookieOf(await lab.logIn('ada lovelace', code, from('192.0.2.7')))
    await lab.logIn('Ada Lovelace', recovery)
    await lab.logIn('Ada Lovelace', '654321')
    await lab.logIn('987654', '987654')
    await lab.post('/_auth/logout', withCookie(cookie)).expect(204)
    const events = await lab.events(/^GATE_/)
    expect(events.map(({ event, user, by, reason }) => [event, user, by ?? reason])).toEqual([
      ['GATE_INVITED', 'Ada Lovelace', undefined],
      ['GATE_USER_CREATED', 'Ada Lovelace', 'invitation'],
      ['GATE_LOGIN', 'Ada Lovelace', 'setup'],
      ['GATE_LOGIN', 'Ada Lovelace', 'totp'],
      ['GATE_LOGIN', 'Ada Lovelace', 'recovery'],
      ['GATE_LOGIN_REFUSED', 'Ada Lovelace', 'wrong code'],
      ['GATE_LOGIN_REFUSED', null, 'no such user'],
      ['GATE_LOGOUT', 'Ada Lovelace', undefined],
    ])
    expect(events[3]).toMatchObject({
      address: '192.0.2.7',
      requestId: 'request-1',
      via: 'nginx',
      actor: null,
    })
    const written = JSON.stringify([lab.lines, await lab.events()])
    for (const secret of [
      known.secret,
      code,
      recovery,
      recovery.replaceAll('-', ''),
      '654321',
      '987654',
      cookie.split('=')[1] ?? '',
      'ab'.repeat(32),
    ])
      expect(written).not.toContain(secret)
    expect(lab.lines.filter(({ kind }) => kind === 'access').map(({ path }) => path)).toContain(
      '/_auth/login',
    )
  })

  it('is also what was not even tried', async () => {
    await using lab = await gateLab()
    for (let i = 0; i < 5; i += 1) await lab.logIn('Ada', 'no code')
    expect(await lab.events('GATE_LOGIN_REFUSED')).toHaveLength(4)
    expect(await lab.events('ACCESS_REFUSED')).toMatchObject([{ code: 'GATE_DELAYED', path: '/_auth/login' }])
  })
})

describe('what is not a login', () => {
  it.each([
    ['no name', { code: '123456' }],
    ['no code', { user: 'Ada' }],
    ['an empty one', { user: 'Ada', code: '' }],
    ['a long one', { user: 'Ada', code: '1'.repeat(65) }],
    ['a long name', { user: 'a'.repeat(257), code: '123456' }],
    ['a list', { user: ['Ada'], code: '123456' }],
    ['something more', { user: 'Ada', code: '123456', level: 'admin' }],
  ])('%s', async (_, body) => {
    const answer = await lab.post('/_auth/login', NOBODY, body)
    expect([answer.status, codeOf(answer)]).toEqual([400, 'BODY_INVALID'])
    expect(answer.text).not.toContain('123456')
  })

  it('a page of another site logs nobody in', async () => {
    const answer = await lab.logIn(ada.user, wrongCode(ada), { ...OTHER, 'Sec-Fetch-Site': 'cross-site' })
    expect(codeOf(answer)).toBe('CROSS_SITE')
  })
})
