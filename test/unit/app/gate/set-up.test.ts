// Promise: a user is there after a right code and not before, for whoever may set up; nobody's codes are ever replaced.
import { decodeQR } from 'qr/decode.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GateMeans } from '../../../../app/gate-means.ts'
import { applicant, CA, NOBODY, presenting, REFUSED, STRANGER } from '../api-lab.ts'
import { GRACE, makeUser } from '../lab.ts'
import { codeOf, type GateLab, gateLab, HOUR, MINUTE, PAGE, SECOND } from './gate-lab.ts'
import { svgImage } from './svg-image.ts'

let lab: GateLab
beforeAll(async () => {
  lab = await gateLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

async function invitationFor(user: string, inLab = lab): Promise<string> {
  const { body } = await inLab.post('/_auth/invitations', inLab.admin.headers, { user }).expect(201)
  return body.invitation
}

const usersOf = async (inLab: GateLab) => (await inLab.get('/_auth/users', inLab.admin.headers)).body.users

describe('with a certificate', () => {
  it("it is the certificate's name, and the answer has all that an app needs", async () => {
    const { body } = await lab.beginSetup(lab.grace.headers).expect(201)
    expect(body).toEqual({
      setup: expect.stringMatching(/^[0-9a-z-]{23}$/),
      user: 'Grace Hopper',
      secret: expect.stringMatching(/^[A-Z2-7]{32}$/),
      uri: expect.stringContaining(`secret=${body.secret}`),
      expires_at: new Date(lab.clock.now.getTime() + 15 * MINUTE).toISOString(),
    })
    expect(await usersOf(lab)).toEqual([])
    const answer = await lab
      .confirmSetup({ setup: body.setup, code: lab.code(body) }, lab.grace.headers)
      .expect(201)
    expect(answer.body).toMatchObject({ user: 'Grace Hopper', level: 'trusted', recovery_codes_left: 10 })
    expect(answer.body.recovery_codes).toHaveLength(10)
    expect(await usersOf(lab)).toMatchObject([
      { user: 'Grace Hopper', means: 'certificate', serial: lab.grace.certificate.serialNumber, sessions: 1 },
    ])
  })

  it('nobody else goes on with it', async () => {
    await using lab = await gateLab()
    const ada = await lab.person('Ada')
    const { body } = await lab.beginSetup(ada.headers).expect(201)
    for (const headers of [NOBODY, STRANGER, lab.grace.headers]) {
      const answer = await lab.confirmSetup({ setup: body.setup, code: lab.code(body) }, headers)
      expect([answer.status, codeOf(answer)]).toEqual([403, 'GATE_SETUP_REFUSED'])
    }
    await lab.confirmSetup({ setup: body.setup, code: lab.code(body) }, ada.headers).expect(201)
  })

  it('an untrusted, refused or missing one sets nothing up', async () => {
    for (const headers of [NOBODY, STRANGER, REFUSED])
      expect(codeOf(await lab.beginSetup(headers))).toBe('GATE_SETUP_REFUSED')
  })

  it('made elsewhere by the same CA: it goes by its name, unless that is of somebody on record', async () => {
    await using lab = await gateLab()
    const subject = [{ type: 'CN', value: 'Élodie Ångström' }]
    const headers = presenting((await makeUser(CA, { subject })).certificate)
    const account = await lab.setUp(headers)
    expect(account.user).toBe('Élodie Ångström')
    const verified = await lab.get('/_auth/verify', { ...NOBODY, Cookie: account.cookie }).expect(200)
    const remoteUser = Buffer.from(verified.headers['remote-user'] ?? '', 'latin1')
    expect(remoteUser.toString('utf8')).toBe('Élodie Ångström')
    const twin = presenting((await makeUser(CA, { subject: GRACE })).certificate)
    const answer = await lab.beginSetup(twin)
    expect([codeOf(answer), answer.text]).toEqual(['GATE_SETUP_REFUSED', expect.stringContaining('who is')])
  })

  it('with two names it sets nobody up', async () => {
    const subject = ['Ada', 'Eve'].map(value => ({ type: 'CN', value }))
    const headers = presenting((await makeUser(CA, { subject })).certificate)
    expect(codeOf(await lab.beginSetup(headers))).toBe('GATE_SETUP_REFUSED')
  })
})

describe('with an invitation', () => {
  it('it is the name that the administrator has given, once', async () => {
    const invitation = await invitationFor('Ada Lovelace')
    const typed = invitation.toUpperCase().replaceAll('-', ' ')
    const account = await lab.setUp(NOBODY, { invitation: typed })
    expect(account.user).toBe('Ada Lovelace')
    expect(codeOf(await lab.beginSetup(NOBODY, { invitation }))).toBe('GATE_INVITATION_INVALID')
  })

  it('an earlier one for the same name ends, and each ends after three days', async () => {
    await using lab = await gateLab()
    const [first, second] = [await invitationFor('Ada', lab), await invitationFor('ADA', lab)]
    expect(codeOf(await lab.beginSetup(NOBODY, { invitation: first }))).toBe('GATE_INVITATION_INVALID')
    lab.clock.pass(72 * HOUR - SECOND)
    const { body } = await lab.beginSetup(NOBODY, { invitation: second }).expect(201)
    lab.clock.pass(SECOND)
    const answer = await lab.confirmSetup({ setup: body.setup, code: lab.code(body) })
    expect(codeOf(answer)).toBe('GATE_INVITATION_INVALID')
    expect(await usersOf(lab)).toEqual([])
  })

  it('makes one user, of two who set up with it at once', async () => {
    await using lab = await gateLab()
    const invitation = await invitationFor('Ada', lab)
    const offers = await Promise.all([1, 2, 3].map(() => lab.beginSetup(NOBODY, { invitation })))
    const answers = await Promise.all(
      offers.map(({ body }) => lab.confirmSetup({ setup: body.setup, code: lab.code(body) })),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 403, 403])
    expect(await usersOf(lab)).toHaveLength(1)
  })

  it.each(['', 'x', '00000-00000-00000-00000', "' or 1=1"])('%j is none', async invitation => {
    const answer = await lab.beginSetup(NOBODY, { invitation })
    expect(codeOf(answer)).toBe(invitation === '' ? 'BODY_INVALID' : 'GATE_INVITATION_INVALID')
  })

  it('for somebody who is on record is for that person', async () => {
    await using lab = await gateLab()
    const account = await lab.invited('grace hopper')
    expect(account.user).toBe('Grace Hopper')
    expect(codeOf(await lab.beginSetup(lab.grace.headers))).toBe('GATE_USER_EXISTS')
  })

  it('says whom it is for by itself', async () => {
    const answer = await lab.beginSetup(NOBODY, { invitation: 'x', user: 'Ada' })
    expect([codeOf(answer), answer.text]).toEqual([
      'BODY_INVALID',
      expect.stringContaining('says for whom it is'),
    ])
  })
})

describe('whose name it is', () => {
  it('a name of the gate is not given to somebody else who registers, not even after its removal', async () => {
    await using lab = await gateLab()
    await lab.invited('Ada Lovelace')
    expect(codeOf(await lab.register({ common_name: 'ADA LOVELACE' }))).toBe('NAME_TAKEN')
    const [user] = await usersOf(lab)
    await lab.post(`/_auth/users/${user.id}/remove`, lab.admin.headers).expect(200)
    expect(codeOf(await lab.register({ common_name: 'Ada Lovelace' }))).toBe('NAME_TAKEN')
  })

  it('who registers with an invited name makes the invitation worth nothing', async () => {
    await using lab = await gateLab()
    const invitation = await invitationFor('Ada', lab)
    const { body } = await lab.beginSetup(NOBODY, { invitation }).expect(201)
    expect((await lab.register({ common_name: 'Ada', csr: (await applicant()).csr })).status).toBe(201)
    expect(codeOf(await lab.confirmSetup({ setup: body.setup, code: lab.code(body) }))).toBe('NAME_TAKEN')
    expect(codeOf(await lab.beginSetup(NOBODY, { invitation }))).toBe('NAME_TAKEN')
  })

  it('an administrator may issue a certificate to somebody of the gate: it is the same person', async () => {
    await using lab = await gateLab()
    await lab.invited('Ada')
    const { headers } = await lab.person('Ada')
    expect(codeOf(await lab.beginSetup(headers))).toBe('GATE_USER_EXISTS')
  })
})

describe('who may', () => {
  const ALL: readonly GateMeans[] = ['certificate', 'invitation', 'anybody']
  const COMBINATIONS = [1, 2, 3, 4, 5, 6, 7].map(bits => ALL.filter((_, place) => bits & (1 << place)))

  it.each(COMBINATIONS)('%s %s %s', async (...given) => {
    const setup = given.filter(means => ALL.includes(means))
    await using lab = await gateLab({ rules: { setup } })
    const invited = await lab.post('/_auth/invitations', lab.admin.headers, { user: 'Ada' })
    expect(invited.status).toBe(setup.includes('invitation') ? 201 : 403)
    const tries = {
      certificate: await lab.beginSetup(lab.grace.headers),
      invitation: await lab.beginSetup(NOBODY, { invitation: invited.body.invitation ?? 'x' }),
      anybody: await lab.beginSetup(NOBODY, { user: 'Eve' }),
    }
    for (const means of ALL) {
      const { status, text } = tries[means]
      expect([means, status], text).toEqual([means, setup.includes(means) ? 201 : 403])
    }
    const page = await lab.get('/_auth/setup', { ...lab.grace.headers, ...PAGE }).expect(200)
    expect([
      page.text.includes('Set up for Grace Hopper'),
      page.text.includes('name="invitation"'),
      page.text.includes('name="user"'),
    ]).toEqual(ALL.map(means => setup.includes(means)))
  })

  it('anybody: the name must be free and fit to be shown, and nobody vouches for it', async () => {
    await using lab = await gateLab({ rules: { setup: ALL } })
    const eve = await lab.setUp(NOBODY, { user: 'Eve' })
    const verified = await lab.get('/_auth/verify', { ...NOBODY, Cookie: eve.cookie }).expect(200)
    expect(verified.headers['remote-level']).toBe('untrusted')
    for (const [user, code] of [
      ['Eve', 'NAME_TAKEN'],
      ['EVE', 'NAME_TAKEN'],
      ['Grace Hopper', 'NAME_TAKEN'],
      ['Grace Норреr', 'NAME_INVALID'],
      ['a\r\nRemote-User: Grace', 'NAME_INVALID'],
      [' ', 'NAME_INVALID'],
    ])
      expect([user, codeOf(await lab.beginSetup(NOBODY, { user }))]).toEqual([user, code])
  })

  it('anybody: of two for one name at once one is made', async () => {
    await using lab = await gateLab({ rules: { setup: ALL } })
    const offers = [
      await lab.beginSetup(NOBODY, { user: 'Eve' }),
      await lab.beginSetup(NOBODY, { user: 'Eve' }),
    ]
    const answers = await Promise.all(
      offers.map(({ body }) => lab.confirmSetup({ setup: body.setup, code: lab.code(body) })),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409])
  })
})

describe('what is there', () => {
  it('is never replaced: not by the owner, not by a set-up that was begun before', async () => {
    await using lab = await gateLab()
    const early = await lab.beginSetup(lab.grace.headers).expect(201)
    const account = await lab.setUp(lab.grace.headers)
    expect([await lab.beginSetup(lab.grace.headers)].map(codeOf)).toEqual(['GATE_USER_EXISTS'])
    const proof = { setup: early.body.setup, code: lab.code(early.body) }
    const answer = await lab.confirmSetup(proof, lab.grace.headers)
    expect([answer.status, codeOf(answer)]).toEqual([409, 'GATE_USER_EXISTS'])
    const invited = await lab.post('/_auth/invitations', lab.admin.headers, { user: 'Grace Hopper' })
    expect([invited.status, codeOf(invited)]).toEqual([409, 'GATE_USER_EXISTS'])
    expect((await lab.logIn('Grace Hopper', lab.code(account))).status).toBe(200)
  })

  it('may be set up anew when it was removed, and the old codes are worth nothing', async () => {
    await using lab = await gateLab()
    const old = await lab.setUp(lab.grace.headers)
    const [user] = await usersOf(lab)
    await lab.post(`/_auth/users/${user.id}/remove`, lab.admin.headers).expect(200)
    const account = await lab.setUp(lab.grace.headers)
    expect((await lab.logIn('Grace Hopper', lab.code(old))).status).toBe(401)
    expect((await lab.logIn('Grace Hopper', old.recoveryCodes[0] ?? '')).status).toBe(401)
    expect((await lab.logIn('Grace Hopper', lab.code(account))).status).toBe(200)
  })
})

describe('a code that is wrong', () => {
  it('makes nobody, and the set-up goes on', async () => {
    await using lab = await gateLab()
    const { body } = await lab.beginSetup(lab.grace.headers).expect(201)
    for (const code of ['000000', lab.code(body, -2), lab.code(body, 2), 'x']) {
      const answer = await lab.confirmSetup({ setup: body.setup, code }, lab.grace.headers)
      expect([answer.status, codeOf(answer)]).toEqual([403, 'GATE_CODE_WRONG'])
    }
    expect(await usersOf(lab)).toEqual([])
    await lab.confirmSetup({ setup: body.setup, code: lab.code(body) }, lab.grace.headers).expect(201)
  })

  it('gets a browser the same page again', async () => {
    const { body } = await lab.beginSetup(NOBODY, { invitation: await invitationFor('Barbara') }).expect(201)
    const form = new URLSearchParams({ setup: body.setup, code: '000000' }).toString()
    const page = await lab.post('/_auth/setup/confirm', { ...NOBODY, ...PAGE }, form).type('form')
    expect(page.status).toBe(403)
    expect(page.text).toContain('That is not the code')
    expect(page.text).toContain(body.secret)
    expect(page.text).toContain(`name="setup" value="${body.setup}"`)
  })
})

describe('a set-up that was begun', () => {
  it('ends after a quarter of an hour, and when it is finished', async () => {
    await using lab = await gateLab()
    const [one, other] = [await lab.beginSetup(lab.grace.headers), await lab.beginSetup(lab.grace.headers)]
    const finish = ({ body }: typeof one) =>
      lab.confirmSetup({ setup: body.setup, code: lab.code(body) }, lab.grace.headers)
    lab.clock.pass(15 * MINUTE - SECOND)
    expect((await finish(one)).status).toBe(201)
    expect(codeOf(await finish(one))).toBe('GATE_SETUP_UNKNOWN')
    lab.clock.pass(SECOND)
    expect(codeOf(await finish(other))).toBe('GATE_SETUP_UNKNOWN')
  })

  it('is in the store for nobody to read: neither the secret nor what goes on with it', async () => {
    await using lab = await gateLab()
    const { body } = await lab.beginSetup(lab.grace.headers).expect(201)
    const account = await lab.setUp(lab.grace.headers)
    const id = (await usersOf(lab))[0].id
    const user = await lab.store.gate.users.find(id)
    expect(user?.secret).toMatch(/^[\w-]{60,}$/)
    for (const secret of [body.secret, body.setup, account.secret])
      expect(JSON.stringify(user)).not.toContain(secret)
    expect(await lab.store.gate.setups.find(body.setup, lab.clock.now.getTime())).toBeUndefined()
  })

  it('leaves the store when its time is over, as all does that is of no use', async () => {
    await using lab = await gateLab()
    await lab.beginSetup(lab.grace.headers).expect(201)
    await invitationFor('Ada', lab)
    await lab.logIn('Ada', 'x')
    const account = await lab.invited('Eve')
    lab.clock.pass(73 * HOUR)
    await lab.gate?.forget()
    const past = lab.clock.now.getTime() - 73 * HOUR
    expect(await lab.store.gate.sessions.orphans(past)).toEqual([])
    expect(await lab.store.gate.delays.find(['address:', 'user:'], past)).toEqual([])
    expect(account.user).toBe('Eve')
  })
})

describe('the pages', () => {
  it('the picture says what the text says, and an app that reads it makes the right code', async () => {
    await using lab = await gateLab()
    const headers = { ...lab.grace.headers, ...PAGE }
    const page = await lab.post('/_auth/setup', headers, '').type('form').expect(200)
    const [svg = ''] = /(?<="qr">)<svg.*<\/svg>/s.exec(page.text) ?? []
    const uri = new URL(decodeQR(svgImage(svg)))
    const secret = uri.searchParams.get('secret') ?? ''
    expect(uri.href).toBe(/href="(otpauth:[^"]+)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&'))
    expect(page.text).toContain(`<code>${secret}</code>`)
    const setup = /name="setup" value="([^"]+)"/.exec(page.text)?.[1] ?? ''
    const form = new URLSearchParams({ setup, code: lab.code({ secret }) }).toString()
    const done = await lab.post('/_auth/setup/confirm', headers, form).type('form').expect(200)
    const codes = [...done.text.matchAll(/<li><code>([^<]+)<\/code>/g)].map(([, code]) => code)
    expect(codes).toHaveLength(10)
    expect((await lab.logIn('Grace Hopper', codes[9] ?? '')).status).toBe(200)
    for (const { text, headers: sent } of [page, done]) {
      expect(text).not.toMatch(/<script|style="|href="https?:/)
      expect(sent['cache-control']).toBe('no-store')
      expect(sent['referrer-policy']).toBe('no-referrer')
      expect(sent['content-security-policy']).toContain("default-src 'none'")
    }
  })

  it('no address has a secret in it: what is in the query is not looked at', async () => {
    const invitation = await invitationFor('Edith')
    expect(codeOf(await lab.post(`/_auth/setup?invitation=${invitation}`, NOBODY))).toBe('GATE_SETUP_REFUSED')
    expect(
      (await lab.get(`/_auth/setup?invitation=${invitation}`, { ...NOBODY, ...PAGE })).text,
    ).not.toContain(invitation)
  })

  it('a name with everything in it is shown as it is, and breaks nothing', async () => {
    await using lab = await gateLab()
    const name = 'Ada <b>&"\'%2F/?#'
    const account = await lab.invited(name)
    const page = await lab.get('/_auth/', { ...NOBODY, ...PAGE, Cookie: account.cookie }).expect(200)
    expect(page.text).toContain('<h1>Ada &lt;b&gt;&amp;&quot;&#39;%2F/?#</h1>')
    expect((await lab.logIn(name, lab.code(account))).status).toBe(200)
  })
})

it('what is refused is on record, without the code that was brought', async () => {
  await using lab = await gateLab()
  await lab.beginSetup(NOBODY, { invitation: 'a1b2c-d3e4f-g5h6j-k7m8n' })
  const { body } = await lab.beginSetup(lab.grace.headers)
  await lab.confirmSetup({ setup: body.setup, code: '424242' }, lab.grace.headers)
  expect(await lab.events('GATE_SETUP_REFUSED')).toMatchObject([
    { by: 'invitation', code: 'GATE_INVITATION_INVALID', actor: null },
    { code: 'GATE_CODE_WRONG', actor: { name: 'Grace Hopper' } },
  ])
  const written = JSON.stringify([lab.lines, await lab.events()]).toLowerCase()
  for (const secret of ['a1b2c', '424242', body.secret.toLowerCase(), body.setup])
    expect(written).not.toContain(secret)
})
