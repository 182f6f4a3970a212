// Promise: the policy alone says whether nobody has to look, and where it says nothing that can be understood, nothing is issued.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Enrolment, loadPolicy, type Policy } from '../../../../app/authority/policy.ts'
import { type ApiLab, apiLab, applicant, NOBODY } from '../api-lab.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

function moduleOf(name: string, source: string): string {
  const path = join(folder, name)
  writeFileSync(path, source)
  return path
}

async function issuedIn(lab: ApiLab) {
  const rows = await lab.store.certificates.list({ now: Date.now(), limit: 100 })
  return rows.filter(({ origin }) => origin !== 'issue')
}

describe('a module of somebody else', () => {
  it.each([
    ['throws', 'export const policy = () => { throw new Error("secret of the policy") }'],
    ['rejects', 'export const policy = async () => { throw new Error("secret of the policy") }'],
    ['says nothing', 'export const policy = () => {}'],
    ['says null', 'export const policy = () => null'],
    ['says true', 'export const policy = () => true'],
    ['says a number', 'export const policy = () => 1'],
    ['says it in another case', 'export const policy = () => "SIGN"'],
    ['says it in a list', 'export const policy = () => ["sign"]'],
    ['refuses without a reason', 'export const policy = () => ({ refuse: true })'],
    ['says allow', 'export const policy = () => ({ allow: "sign" })'],
  ])('that %s issues nothing, and is a fault on record', async (_, source) => {
    await using lab = await apiLab({
      context: { policy: await loadPolicy(moduleOf(`${hash(source)}.mjs`, source)) },
    })
    const answers = [
      await lab.register({ common_name: 'Ada' }),
      await lab.post('/tlsauth/certify/', NOBODY, { csr: (await applicant()).csr }),
    ]
    for (const { status, text } of answers) {
      expect(status).toBe(500)
      expect(text).not.toContain('secret of the policy')
    }
    expect(await issuedIn(lab)).toEqual([])
    expect(await lab.store.requests.countWaiting()).toBe(0)
    expect(lab.lines.filter(({ msg }) => msg === 'request failed')).toHaveLength(2)
  })

  it('that refuses is heard, and that is in the trail', async () => {
    const source =
      'export const policy = ({ email }) => email?.endsWith("@example.org") ? "sign" : { refuse: "not one of us" }'
    await using lab = await apiLab({ context: { policy: await loadPolicy(moduleOf('refuse.mjs', source)) } })
    const answer = await lab.register({ common_name: 'Eve' })
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
      403,
      { code: 'REQUEST_REFUSED', detail: 'This site does not issue that certificate: not one of us' },
    ])
    expect(await lab.events('REGISTER_REFUSED')).toMatchObject([
      { code: 'REQUEST_REFUSED', commonName: 'Eve' },
    ])
    expect((await lab.register({ common_name: 'Ada', email: 'ada@example.org' })).status).toBe(201)
  })

  it('is told everything that counts, when it is fit to be issued, and can change none of it', async () => {
    const told: Enrolment[] = []
    const policy: Policy = enrolment => {
      told.push({ ...enrolment })
      Object.assign(enrolment, { organisation: 'CA admins', commonName: 'Root' })
      return 'sign'
    }
    await using lab = await apiLab({ context: { policy } })
    const { csr } = await applicant('Ｍａｅ Jemison', ['mae@example.org'])
    expect((await lab.register({ common_name: 'x=y' })).status).toBe(400)
    expect((await lab.register({ csr, organisation: 'NASA' })).body).toMatchObject({
      common_name: 'Mae Jemison',
      organisation: 'NASA',
    })
    expect(told).toEqual([
      {
        commonName: 'Mae Jemison',
        organisation: 'NASA',
        email: 'mae@example.org',
        channel: 'register',
        isOwnKey: true,
        address: expect.any(String),
      },
    ])
  })
})

describe('built in', () => {
  it.each([
    ['sign-registrations', 201, 202],
    ['queue', 202, 202],
    ['sign', 201, 201],
  ])('%s: registering %i, certifying %i', async (name, registering, certifying) => {
    await using lab = await apiLab({ context: { policy: await loadPolicy(name) } })
    expect((await lab.register({ common_name: 'Ada' })).status).toBe(registering)
    const { csr } = await applicant('Eve')
    expect((await lab.post('/tlsauth/certify/', NOBODY, { csr })).status).toBe(certifying)
  })
})

describe('loading', () => {
  it.each([
    ['no such file', '/nonexistent/policy.mjs', /cannot be loaded/],
    ['no such name', 'allow-all', /cannot be loaded/],
    ['a name of every object', 'constructor', /cannot be loaded/],
    [
      'nothing of that name',
      moduleOf('other.mjs', 'export const rule = () => "sign"'),
      /no function named policy/,
    ],
    ['no function', moduleOf('string.mjs', 'export const policy = "sign"'), /no function named policy/],
    ['no program', moduleOf('broken.mjs', 'export const policy = ('), /cannot be loaded/],
  ])('%s is said', async (_, name, expected) => {
    await expect(loadPolicy(name)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(expected),
    })
    await expect(loadPolicy(name)).rejects.toThrow(/sign-registrations, queue, sign/)
  })
})

function hash(text: string): string {
  return Buffer.from(text).toString('hex').slice(-40)
}
