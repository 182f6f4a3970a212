// Promise: proxies, and nobody else, learn at once which sessions have ended, for as long as one of their tokens could pass.
import { createHmac } from 'node:crypto'
import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { NOBODY } from '../api-lab.ts'
import { contract, SECRET } from '../lab.ts'
import { type GateLab, gateLab, HOUR, MINUTE, SECOND, withCookie } from './gate-lab.ts'

const PROXY = { 'X-Proxy-Secret': SECRET, 'X-SSL-Client-Verify': 'NONE' }
const NONCE = '0123456789abcdef'

const pathOf = (after: number, wait = 0) =>
  `/_auth/ended?proxy=nginx&nonce=${NONCE}&after=${after}&wait=${wait}`
const jtiOf = (cookie: string) => String(decodeJwt(cookie.split('=')[1] ?? '').jti)

/** As a proxy reads it: whatever is not as it should be is an error. */
function read(body: string, from: number) {
  const [, signed = '', to, changes = '', hmac] =
    /^(gatehouse-ended 1\nnonce 0123456789abcdef\nfrom \d+\nto (\d+)\n((?:[+-][0-9A-F]{32}\n)*))hmac ([0-9a-f]{64})\n$/.exec(
      body,
    ) ?? []
  expect(hmac).toBe(createHmac('sha256', SECRET).update(signed).digest('hex'))
  expect(signed).toContain(`\nfrom ${from}\n`)
  return { to: Number(to), changes: changes.split('\n').slice(0, -1) }
}

async function ask(lab: GateLab, after: number) {
  return read((await lab.get(pathOf(after), PROXY).expect(200)).text, after)
}

describe('the list of ended sessions', () => {
  it('has a session from the log-out on, until its tokens have expired, and for clocks that are behind', async () => {
    await using lab = await gateLab()
    const [ada, eve] = [await lab.invited('Ada'), await lab.invited('Eve')]
    const before = await ask(lab, 0)
    expect(before).toEqual({ to: 1, changes: [] })
    await lab.post('/_auth/logout', withCookie(ada.cookie)).expect(204)
    const after = await ask(lab, before.to)
    expect(after.changes).toEqual([`+${jtiOf(ada.cookie)}`])
    expect(after.to).toBe(Math.floor(lab.clock.now.getTime() / 1000))
    expect(await ask(lab, after.to)).toEqual({ to: after.to, changes: [] })
    expect((await ask(lab, 0)).changes).toEqual(after.changes)
    lab.clock.pass(18 * MINUTE)
    await lab.store.gate.ended.refresh()
    expect((await ask(lab, 0)).changes).toEqual(after.changes)
    lab.clock.pass(2 * MINUTE)
    await lab.store.gate.ended.refresh()
    const left = await ask(lab, after.to)
    expect(left.changes).toEqual([`-${jtiOf(ada.cookie)}`])
    // And does not come back.
    await lab.store.gate.ended.refresh()
    expect(await ask(lab, left.to)).toEqual({ to: left.to, changes: [] })
    expect((await ask(lab, 0)).changes).toEqual([])
    expect(eve.user).toBe('Eve')
  })

  it('has all sessions of who was removed, and of who lost the certificate', async () => {
    await using lab = await gateLab()
    const grace = await lab.setUp(lab.grace.headers)
    const ada = await lab.invited('Ada')
    const more = jtiOf(
      (await lab.logIn('Ada', lab.code(ada))).headers['set-cookie']?.[0]?.split(';')[0] ?? '',
    )
    const { body } = await lab.get('/_auth/users', lab.admin.headers)
    const { id } = body.users.find(({ user }: { user: string }) => user === 'Ada')
    await lab.post(`/_auth/users/${id}/remove`, lab.admin.headers).expect(200)
    const removed = await ask(lab, 1)
    expect(removed.changes.toSorted()).toEqual([jtiOf(ada.cookie), more].map(jti => `+${jti}`).toSorted())
    await lab.post(`/pki/revoke/${lab.grace.certificate.serialNumber}`, lab.admin.headers).expect(200)
    expect((await ask(lab, removed.to)).changes).toEqual([`+${jtiOf(grace.cookie)}`])
  })

  it('has nobody whose session has ended by itself', async () => {
    await using lab = await gateLab()
    await lab.invited('Ada')
    lab.clock.pass(9 * HOUR)
    await lab.gate?.endOrphans()
    await lab.store.gate.ended.refresh()
    expect(await ask(lab, 0)).toEqual({ to: 1, changes: [] })
  })

  it('is told at once to a proxy that waits', async () => {
    await using lab = await gateLab()
    const ada = await lab.invited('Ada')
    const waiting = lab.get(pathOf(1, 20), PROXY).then(({ text }) => read(text, 1))
    // It is waiting when this one has been answered: both are looked at in turn.
    await ask(lab, 1)
    await lab.post('/_auth/logout', withCookie(ada.cookie)).expect(204)
    expect((await waiting).changes).toEqual([`+${jtiOf(ada.cookie)}`])
  })

  it.each([
    ['nobody', NOBODY],
    ['a client through a proxy', contract()],
    ['a wrong secret', { ...PROXY, 'X-Proxy-Secret': 'A'.repeat(32) }],
    ['no secret', {}],
    ['a certificate', { ...PROXY, 'X-SSL-Client-Verify': 'SUCCESS' }],
  ])('does not exist for %s', async (_, headers) => {
    await using lab = await gateLab()
    const answer = await lab.get(pathOf(0), headers)
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([404, 'NOT_FOUND'])
  })

  it('forgets sessions, but none that is on it', async () => {
    await using lab = await gateLab()
    const ada = await lab.invited('Ada')
    await lab.post('/_auth/logout', withCookie(ada.cookie)).expect(204)
    lab.clock.pass(8 * 24 * HOUR)
    await lab.gate?.forget()
    expect((await ask(lab, 0)).changes).toHaveLength(1)
    await lab.store.gate.ended.refresh()
    const { to } = await ask(lab, 0)
    await lab.gate?.forget()
    expect(await ask(lab, to - SECOND)).toMatchObject({ changes: [] })
  })
})
