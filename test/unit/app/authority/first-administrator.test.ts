// Promise: nobody becomes administrator by being first, unless that was asked for; then exactly one does, where nobody ever was one.
import { describe, expect, it } from 'vitest'
import type { Authority } from '../../../../app/authority/authority.ts'
import { openAuthority } from '../../../../app/authority/authority.ts'
import { enrolmentOf } from '../../../../app/config-enrolment.ts'
import { openStore } from '../../../../app/store/open-store.ts'
import { buildApp, configOf } from '../../../support/app-lab.ts'
import { applicant, CA, OPERATOR } from '../api-lab.ts'

const RULES = { ...enrolmentOf({}).rules, proofOfWorkBits: 0 }

/** With nobody in it yet. */
async function emptyLab(isFirstUserAdmin = true, now = () => new Date()) {
  const config = configOf(CA, { enrolment: { ...enrolmentOf({}), rules: { ...RULES, isFirstUserAdmin } } })
  return await buildApp({
    ca: CA,
    config: { ...config, front: 'proxy', proxySecrets: ['x'.repeat(32)] },
    now,
  })
}

async function register(authority: Authority, commonName: string, organisation?: string) {
  return await registerWith(authority, (await applicant(commonName)).csr, commonName, organisation)
}

async function registerWith(authority: Authority, csr: string, commonName: string, organisation?: string) {
  const wish = { channel: 'register', commonName, organisation, csr, pkcs12: 'compatible' } as const
  const outcome = await authority.register({ ...OPERATOR, address: '192.0.2.1' }, wish)
  return outcome.kind === 'issued' ? outcome.issued.row.organisation : outcome.kind
}

it('is off unless it is set', async () => {
  await using lab = await emptyLab(false)
  expect(RULES.isFirstUserAdmin).toBe(false)
  expect(await register(lab.authority, 'Ada')).toBeNull()
})

describe('when it is on', () => {
  it('of twenty at once exactly one is', async () => {
    await using lab = await emptyLab()
    // Made before, so that all of them look for an administrator while there is none.
    const people = await Promise.all(Array.from({ length: 20 }, (_, i) => applicant(`Person ${i}`)))
    const outcomes = await Promise.allSettled(
      people.map(({ csr }, i) => registerWith(lab.authority, csr, `Person ${i}`)),
    )
    const organisations = outcomes.map(each => (each.status === 'fulfilled' ? each.value : each.reason.code))
    expect(organisations.filter(each => each === 'CA admins')).toHaveLength(1)
    expect(
      organisations.every(each => each === 'CA admins' || each === null || each === 'ORGANISATION_RESERVED'),
    ).toBe(true)
    const rows = await lab.store.certificates.list({ now: Date.now(), search: 'ca admins', limit: 100 })
    expect(rows).toHaveLength(1)
  })

  it('the second is not, and cannot ask for it', async () => {
    await using lab = await emptyLab()
    expect(await register(lab.authority, 'Ada')).toBe('CA admins')
    expect(await register(lab.authority, 'Eve')).toBeNull()
    await expect(register(lab.authority, 'Eva', 'CA admins')).rejects.toMatchObject({
      code: 'ORGANISATION_RESERVED',
    })
  })

  it('nobody is who only certifies', async () => {
    await using lab = await emptyLab()
    const { csr } = await applicant('Eve')
    const outcome = await lab.authority.register(OPERATOR, { channel: 'certify', csr, pkcs12: 'compatible' })
    expect(outcome.kind).toBe('queued')
  })

  it.each(['revoked', 'expired'])('nobody is where the only administrator is %s', async how => {
    let time = Date.now()
    const now = () => new Date(time)
    await using lab = await emptyLab(true, now)
    await register(lab.authority, 'Ada')
    const [row] = await lab.store.certificates.list({ now: time, limit: 1 })
    if (how === 'revoked')
      await lab.authority.revoke(OPERATOR, { serial: row?.serial ?? '', reason: 'unspecified' })
    else time += 400 * 86_400_000
    expect(await register(lab.authority, 'Eve')).toBeNull()
  })

  it('nobody is where somebody was made one who had been somebody else', async () => {
    await using lab = await emptyLab()
    const before = openAuthority({ ...lab.context, rules: RULES })
    const issue = async (organisation: string | undefined) =>
      await lab.authority.issue(OPERATOR, { commonName: 'Grace', organisation, pkcs12: 'compatible' })
    const { row } = await issue('Navy')
    await before.revoke(OPERATOR, { serial: row.serial, reason: 'superseded' })
    await issue('CA admins')
    expect(await register(lab.authority, 'Eve')).toBeNull()
  })

  it('one is after a first one whose process died before it was signed', async () => {
    let time = Date.now()
    const now = () => new Date(time)
    await using store = await openStore({ url: 'sqlite::memory:', now })
    await using lab = await emptyLab(true, now)
    const dying = openAuthority({
      ...lab.context,
      store: { ...store, transaction: once(store.transaction.bind(store)) },
    })
    await expect(register(dying, 'Ada')).rejects.toThrow('killed')
    const living = openAuthority({ ...lab.context, store })
    await expect(register(living, 'Eve')).resolves.toBeNull()
    time += 6 * 60_000
    expect(await living.recover()).toBe(1)
    expect(await register(living, 'Ada')).toBe('CA admins')
  })
})

/** The first transaction is carried out; at the next the process is gone. */
function once<Work extends (...args: never[]) => Promise<unknown>>(work: Work): Work {
  let count = 0
  return (async (...args: Parameters<Work>) => {
    count += 1
    if (count > 1) throw new Error('killed')
    return await work(...args)
  }) as Work
}
