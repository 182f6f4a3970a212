// Promise: a token is good while its session is, which ends by log-out, by time, by removal, and with the certificate that it depends on.
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NOBODY } from '../api-lab.ts'
import {
  type Account,
  codeOf,
  cookieOf,
  type GateLab,
  gateLab,
  HOUR,
  MINUTE,
  PAGE,
  SECOND,
  sessionCookiesOf,
  withCookie,
} from './gate-lab.ts'

let lab: GateLab
let ada: Account
beforeAll(async () => {
  lab = await gateLab()
  ada = await lab.invited('Ada Lovelace')
})
afterAll(() => lab[Symbol.asyncDispose]())

async function logIn(of: Account = ada, headers = NOBODY, inLab = lab): Promise<string> {
  inLab.clock.pass(90 * SECOND)
  return cookieOf(await inLab.logIn(of.user, inLab.code(of), headers).expect(200))
}

/** As a proxy sends whoever it does not let through. */
function renew(cookie: string, inLab = lab, url = '/internal/x?y=1') {
  return inLab.get(`/_auth/login?url=${encodeURIComponent(url)}`, { ...withCookie(cookie), ...PAGE })
}

const tokenOf = (cookie: string) => cookie.slice(cookie.indexOf('=') + 1)

describe('the cookie', () => {
  it('belongs to this host alone, over TLS alone, and to no script', async () => {
    lab.clock.pass(90 * SECOND)
    const { headers } = await lab.logIn(ada.user, lab.code(ada)).expect(200)
    const [set = ''] = headers['set-cookie'] as unknown as string[]
    const [pair, ...attributes] = set.split('; ')
    expect(pair).toMatch(/^__Host-gatehouse=ey[\w-]+\.[\w-]+\.[\w-]{86}$/)
    expect(attributes.filter(each => !each.startsWith('Expires='))).toEqual([
      `Max-Age=${8 * 3600}`,
      'Path=/',
      'HttpOnly',
      'Secure',
      'SameSite=Lax',
    ])
  })

  it('says who, for ten minutes, signed by the key that its header names', async () => {
    const token = tokenOf(await logIn())
    const now = Math.floor(lab.clock.now.getTime() / 1000)
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', kid: 'a', typ: 'JWT' })
    expect(decodeJwt(token)).toEqual({
      iss: 'gatehouse',
      aud: 'internal',
      sub: 'Ada Lovelace',
      lvl: 'trusted',
      iat: now,
      exp: now + 600,
      jti: expect.stringMatching(/^[0-9A-F]{32}$/),
    })
  })

  it('is not kept, nor are the pages, nor is their address told to others', async () => {
    for (const answer of [
      await renew('none'),
      await lab.logIn(ada.user, 'no code'),
      await lab.get('/_auth/setup', { ...NOBODY, ...PAGE }),
    ]) {
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.headers['referrer-policy']).toBe('no-referrer')
    }
  })

  it('is none when there are two', async () => {
    const cookie = await logIn()
    expect(await lab.verify(`other=1; ${cookie}; more=2`)).toBe(200)
    expect(await lab.verify(`${cookie}; ${cookie}`)).toBe(401)
    expect(await lab.verify(`x${cookie}`)).toBe(401)
  })
})

describe('a session in use', () => {
  it('goes on with a new token when the old one has expired, without being asked', async () => {
    const cookie = await logIn()
    lab.clock.pass(10 * MINUTE)
    expect(await lab.verify(cookie)).toBe(401)
    const answer = await renew(cookie)
    expect([answer.status, answer.headers.location]).toEqual([303, '/internal/x?y=1'])
    const renewed = cookieOf(answer)
    expect(decodeJwt(tokenOf(renewed)).jti).toBe(decodeJwt(tokenOf(cookie)).jti)
    expect(await lab.verify(renewed)).toBe(200)
    expect(await lab.verify(cookie)).toBe(401)
  })

  it('keeps a token that is good for long enough', async () => {
    const cookie = await logIn()
    lab.clock.pass(4 * MINUTE)
    const answer = await renew(cookie)
    expect([answer.status, answer.headers['set-cookie']]).toEqual([303, undefined])
    lab.clock.pass(2 * MINUTE)
    expect(await lab.verify(cookieOf(await renew(cookie)))).toBe(200)
  })

  it('goes on until its end, and no token outlives it', async () => {
    let cookie = await logIn()
    const end = lab.clock.now.getTime() + 8 * HOUR
    while (lab.clock.now.getTime() < end - 5 * MINUTE) {
      lab.clock.pass(9 * MINUTE + 30 * SECOND)
      const answer = await renew(cookie)
      if (sessionCookiesOf(answer).length > 0) cookie = cookieOf(answer)
      if (lab.clock.now.getTime() < end) expect(await lab.verify(cookie)).toBe(200)
    }
    expect(decodeJwt(tokenOf(cookie)).exp).toBeLessThanOrEqual(end / 1000)
    lab.clock.pass(6 * MINUTE)
    expect((await renew(cookie)).status).toBe(200)
    expect(await lab.verify(cookie)).toBe(401)
  })

  it('ends when it is not used for an hour after its token', async () => {
    const cookie = await logIn()
    lab.clock.pass(70 * MINUTE - SECOND)
    const again = cookieOf(await renew(cookie))
    lab.clock.pass(70 * MINUTE)
    expect(sessionCookiesOf(await renew(again))).toEqual([])
  })

  it('is told so when it is a program: 401, and how to renew', async () => {
    const cookie = await logIn()
    lab.clock.pass(10 * MINUTE)
    const answer = await lab.get('/_auth/verify', { ...withCookie(cookie), Accept: 'application/json' })
    expect([answer.status, answer.headers['www-authenticate'], codeOf(answer)]).toEqual([
      401,
      'ClientCertificate',
      'GATE_LOGIN_REQUIRED',
    ])
    expect(answer.text).toContain('GET /_auth/login')
    const renewed = await lab.get('/_auth/login', { ...withCookie(cookie), Accept: 'application/json' })
    expect([renewed.status, await lab.verify(cookieOf(renewed))]).toEqual([303, 200])
    expect((await lab.get('/_auth/login', { ...NOBODY, Accept: 'application/json' })).status).toBe(401)
  })
})

describe('log-out', () => {
  it('ends the session at once, with all of its tokens, and no other session', async () => {
    const [first, other] = [await logIn(), await logIn()]
    lab.clock.pass(6 * MINUTE)
    const second = cookieOf(await renew(first))
    const answer = await lab.post('/_auth/logout', withCookie(second)).expect(204)
    expect(answer.headers['set-cookie']?.[0]).toMatch(
      /^__Host-gatehouse=; Path=\/; Expires=Thu, 01 Jan 1970 \S+ GMT; HttpOnly; Secure; SameSite=Lax$/,
    )
    expect(answer.headers['clear-site-data']).toBe('"cache"')
    for (const cookie of [first, second]) {
      expect(await lab.verify(cookie)).toBe(401)
      expect(sessionCookiesOf(await renew(cookie))).toEqual([])
    }
    expect(await lab.verify(other)).toBe(200)
  })

  it('works with a token that has expired, so that nobody has to log in to log out', async () => {
    const cookie = await logIn()
    lab.clock.pass(30 * MINUTE)
    await lab.post('/_auth/logout', withCookie(cookie)).expect(204)
    expect(sessionCookiesOf(await renew(cookie))).toEqual([])
  })

  it('leads a browser to the login, whatever it had', async () => {
    for (const headers of [withCookie(await logIn()), NOBODY, withCookie('__Host-gatehouse=x')]) {
      const answer = await lab.post('/_auth/logout', { ...headers, ...PAGE })
      expect([answer.status, answer.headers.location]).toEqual([303, './login'])
    }
  })

  it('is a POST of this site, and nothing else', async () => {
    const cookie = await logIn()
    expect((await lab.get('/_auth/logout', withCookie(cookie))).status).toBe(405)
    const foreign = { ...withCookie(cookie), 'Sec-Fetch-Site': 'cross-site' }
    expect(codeOf(await lab.post('/_auth/logout', foreign))).toBe('CROSS_SITE')
    expect(await lab.verify(cookie)).toBe(200)
  })

  it('at the same time as a renewal: nobody is left logged in', async () => {
    for (let round = 0; round < 5; round += 1) {
      const cookie = await logIn()
      lab.clock.pass(6 * MINUTE)
      const [renewed] = await Promise.all([renew(cookie), lab.post('/_auth/logout', withCookie(cookie))])
      const later = sessionCookiesOf(renewed).length > 0 ? cookieOf(renewed) : cookie
      expect(await lab.verify(later)).toBe(401)
    }
  })
})

describe('what a session depends on', () => {
  const revoke = (inLab: GateLab, serial: string, reason = 'keyCompromise') =>
    inLab.post(`/pki/revoke/${serial}`, inLab.admin.headers, { reason }).expect(200)

  it('the user: removed, all sessions end, and no code logs in', async () => {
    await using lab = await gateLab()
    const eve = await lab.invited('Eve')
    const { body } = await lab.get('/_auth/users', lab.admin.headers).expect(200)
    await lab.post(`/_auth/users/${body.users[0].id}/remove`, lab.admin.headers).expect(200)
    expect(await lab.verify(eve.cookie)).toBe(401)
    expect(sessionCookiesOf(await renew(eve.cookie, lab))).toEqual([])
    expect((await lab.logIn('Eve', lab.code(eve))).status).toBe(401)
    expect((await lab.logIn('Eve', eve.recoveryCodes[0] ?? '')).status).toBe(401)
  })

  it('the certificate that was presented at the login: revoked, that session ends and no other', async () => {
    await using lab = await gateLab()
    const eve = await lab.invited('Eve')
    const own = await logIn(eve, lab.grace.headers, lab)
    const other = await logIn(eve, NOBODY, lab)
    await revoke(lab, lab.grace.certificate.serialNumber)
    expect([await lab.verify(own), await lab.verify(other)]).toEqual([401, 200])
    expect(await lab.events('GATE_SESSIONS_ENDED')).toMatchObject([
      { user: 'Eve', reason: 'certificate', sessions: [decodeJwt(tokenOf(own)).jti] },
    ])
  })

  it('the certificate that it was set up with: revoked, all sessions end, and a right code is told why', async () => {
    await using lab = await gateLab()
    const grace = await lab.setUp(lab.grace.headers)
    const later = await logIn(grace, NOBODY, lab)
    await revoke(lab, lab.grace.certificate.serialNumber)
    expect([await lab.verify(grace.cookie), await lab.verify(later)]).toEqual([401, 401])
    lab.clock.pass(90 * SECOND)
    const answer = await lab.logIn('Grace Hopper', lab.code(grace))
    expect([answer.status, codeOf(answer)]).toEqual([403, 'GATE_CERT_ENDED'])
    expect((await lab.logIn('Grace Hopper', grace.recoveryCodes[0] ?? '')).status).toBe(403)
    expect((await lab.logIn('Grace Hopper', 'no code')).status).toBe(401)
  })

  it('on hold, sessions end as well; released, the codes are good again', async () => {
    await using lab = await gateLab()
    const grace = await lab.setUp(lab.grace.headers)
    const serial = lab.grace.certificate.serialNumber
    await revoke(lab, serial, 'certificateHold')
    expect(await lab.verify(grace.cookie)).toBe(401)
    await lab.post(`/pki/unhold/${serial}`, lab.admin.headers).expect(200)
    expect(await lab.verify(grace.cookie)).toBe(401)
    await logIn(grace, NOBODY, lab)
  })

  it('a renewed certificate is no suspicion: the codes go on with its successor, and end with that', async () => {
    await using lab = await gateLab()
    const grace = await lab.setUp(lab.grace.headers)
    const renewed = await lab.post('/pki/renew', lab.grace.headers, {}).expect(201)
    lab.clock.pass(8 * 24 * HOUR)
    const cookie = await logIn(grace, NOBODY, lab)
    await revoke(lab, renewed.body.serial, 'affiliationChanged')
    expect(await lab.verify(cookie)).toBe(401)
  })

  it('an expired certificate is none', async () => {
    await using lab = await gateLab()
    const grace = await lab.setUp(lab.grace.headers)
    lab.clock.pass(91 * 24 * HOUR)
    expect(codeOf(await lab.logIn('Grace Hopper', lab.code(grace)))).toBe('GATE_CERT_ENDED')
  })

  it('revoked past the application, the session is closed at once, and on record as ended soon after', async () => {
    await using lab = await gateLab()
    const grace = await lab.setUp(lab.grace.headers)
    const at = lab.clock.now.getTime()
    const revocation = { at, reason: 'keyCompromise', by: null } as const
    await lab.store.certificates.revoke(lab.grace.certificate.serialNumber, revocation)
    expect(await lab.verify(grace.cookie)).toBe(401)
    await lab.gate?.endOrphans()
    await lab.gate?.endOrphans()
    expect(await lab.events('GATE_SESSIONS_ENDED')).toHaveLength(1)
  })
})

describe('the account', () => {
  it('shows who, until when, and how many recovery codes are left', async () => {
    const cookie = await logIn()
    const { body } = await lab.get('/_auth/', withCookie(cookie)).expect(200)
    expect(body).toMatchObject({ user: 'Ada Lovelace', level: 'trusted', recovery_codes_left: 10 })
    const page = await lab.get('/_auth/', { ...withCookie(cookie), ...PAGE }).expect(200)
    expect(page.text).toContain('<h1>Ada Lovelace</h1>')
    expect(page.text).toContain(body.until.slice(0, 10))
    expect(page.text).toContain('action="./../_auth/logout"')
  })

  it('renews a token that has expired', async () => {
    const cookie = await logIn()
    lab.clock.pass(10 * MINUTE)
    expect(await lab.verify(cookieOf(await lab.get('/_auth/', withCookie(cookie)).expect(200)))).toBe(200)
  })

  it('is for whoever is logged in', async () => {
    expect(codeOf(await lab.get('/_auth/'))).toBe('GATE_LOGIN_REQUIRED')
    const page = await lab.get('/_auth/', { ...NOBODY, ...PAGE })
    expect([page.status, page.headers.location]).toEqual([303, './login'])
    const certified = await lab.get('/_auth/', { ...lab.grace.headers, ...PAGE }).expect(200)
    expect(certified.text).toContain('Your client certificate opens the gate by itself')
    const json = await lab.get('/_auth/', lab.grace.headers).expect(200)
    expect(json.body).toEqual({ user: 'Grace Hopper', level: 'trusted' })
  })

  it('is found without the slash', async () => {
    const answer = await lab.get('/_auth')
    expect([answer.status, answer.headers.location]).toEqual([308, '_auth/'])
  })
})
