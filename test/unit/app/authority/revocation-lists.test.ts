// Promise: the revocation list is there, in time and true, whoever revokes, whoever makes it, and whatever fails.
import { CertificateRevocationList } from 'pkijs'
import { describe, expect, it } from 'vitest'
import { openAuthority } from '../../../../app/authority/authority.ts'
import type { PublishedList } from '../../../../app/authority/revocation-lists.ts'
import { issueRoot } from '../../../../pki/issue-certificate.ts'
import { PROFILES } from '../../../../pki/profiles.ts'
import { openAt, sqlite } from '../../../support/store/place.ts'
import { DAY, NOON } from '../../../support/store/rows.ts'
import { type ApiLab, type ApiLabOptions, apiLab, CA, OPERATOR, type Person } from '../api-lab.ts'

const HOUR = 3_600_000
const SECOND = 1_000

/** A lab whose clock is the test's. */
async function atNoon(options: ApiLabOptions = {}) {
  const clock = { now: Date.now() }
  const lab = await apiLab({ ...options, now: () => new Date(clock.now) })
  return { lab, clock, lists: lab.authority.revocationLists }
}

function serialsOf(list: PublishedList | undefined): readonly string[] {
  const { revokedCertificates = [] } = CertificateRevocationList.fromBER(Uint8Array.from(list?.der ?? []))
  return revokedCertificates.map(({ userCertificate }) =>
    Buffer.from(userCertificate.valueBlock.valueHexView).toString('hex').toUpperCase(),
  )
}

const serialOf = ({ certificate }: Person) => certificate.serialNumber

function revoke(lab: ApiLab, person: Person, reason: 'keyCompromise' | 'certificateHold' = 'keyCompromise') {
  return lab.authority.revoke(OPERATOR, { serial: serialOf(person), reason })
}

describe('a new one is made', () => {
  it('at the start, then at half of its life, and not before', async () => {
    const { lab, clock, lists } = await atNoon()
    await using _lab = lab
    expect(await lists.newest()).toBeUndefined()
    expect(await lists.isInTime()).toBe(false)
    await lists.publish()
    const first = await lists.newest()
    expect(first).toMatchObject({ thisUpdate: clock.now, nextUpdate: clock.now + 24 * HOUR, entries: 0 })
    clock.now += 12 * HOUR - 1
    await lists.publish()
    expect((await lists.newest())?.number).toBe(first?.number)
    clock.now += 1
    await lists.publish()
    expect((await lists.newest())?.number).toBeGreaterThan(first?.number ?? 0)
    const events = await lab.events('CRL_PUBLISHED')
    expect(events).toHaveLength(2)
    expect(events[0]).toMatchObject({ number: first?.number, entries: 0, actor: null })
  })

  it('at half of a shorter life, when that was set meanwhile', async () => {
    const { lab, clock, lists } = await atNoon()
    await using _lab = lab
    await lists.publish()
    const rules = { ...lab.context.rules, crlLifeMs: 2 * HOUR }
    const other = openAuthority({ ...lab.context, rules }).revocationLists
    clock.now += HOUR
    await lists.publish()
    expect(await lists.newest()).toMatchObject({ thisUpdate: clock.now - HOUR })
    await other.publish()
    expect(await lists.newest()).toMatchObject({ thisUpdate: clock.now, nextUpdate: clock.now + 2 * HOUR })
  })

  it('after a revocation, a hold, and the end of one', async () => {
    const { lab, clock, lists } = await atNoon()
    await using _lab = lab
    const { grace, admin } = lab
    const after = async (change: Promise<unknown>) => {
      await change
      clock.now += SECOND
      await lists.publish()
      return serialsOf(await lists.newest())
    }
    expect(await after(lists.publish())).toEqual([])
    expect(await after(revoke(lab, grace))).toEqual([serialOf(grace)])
    expect(await after(revoke(lab, admin, 'certificateHold'))).toEqual([serialOf(grace), serialOf(admin)])
    expect(await after(lab.authority.unhold(OPERATOR, serialOf(admin)))).toEqual([serialOf(grace)])
    const { number } = (await lists.newest()) ?? {}
    expect(await after(lists.publish())).toEqual([serialOf(grace)])
    expect((await lists.newest())?.number).toBe(number)
  })

  it('when the overlap of a renewal runs out', async () => {
    const { lab, clock, lists } = await atNoon()
    await using _lab = lab
    expect((await lab.post('/pki/renew', lab.grace.headers)).status).toBe(201)
    await lists.publish()
    expect(serialsOf(await lists.newest())).toEqual([])
    const [row] = await lab.store.certificates.list({ now: clock.now, search: serialOf(lab.grace), limit: 1 })
    clock.now = (row?.revokedAt ?? 0) - 2 * HOUR
    await lists.publish()
    clock.now = (row?.revokedAt ?? 0) - 1
    await lists.publish()
    expect(serialsOf(await lists.newest())).toEqual([])
    clock.now += 1
    await lab.store.proxyList.refresh()
    await lists.publish()
    expect(serialsOf(await lists.newest())).toEqual([serialOf(lab.grace)])
  })

  it('when somebody else has revoked, whose clock is behind', async () => {
    const { lab, clock, lists } = await atNoon()
    await using _lab = lab
    await lists.publish()
    const late = { ...lab.context, now: () => new Date(clock.now - SECOND) }
    const wish = { serial: serialOf(lab.grace), reason: 'superseded' } as const
    await openAuthority(late).revoke(OPERATOR, wish)
    await lists.publish()
    expect(serialsOf(await lists.newest())).toEqual([serialOf(lab.grace)])
  })

  it('at once when the last one comes of a clock that was days ahead', async () => {
    const { lab, clock, lists } = await atNoon()
    await using _lab = lab
    clock.now += 9 * DAY
    await lists.publish()
    clock.now -= 9 * DAY
    await lists.publish()
    expect(await lists.newest()).toMatchObject({ thisUpdate: clock.now })
  })
})

it('takes nobody off when its maker’s clock is behind that of the last', async () => {
  const { lab, clock, lists } = await atNoon()
  await using _lab = lab
  await revoke(lab, lab.grace)
  await lists.publish()
  clock.now -= 2 * SECOND
  await revoke(lab, lab.admin)
  await lists.publish()
  expect(new Set(serialsOf(await lists.newest()))).toEqual(new Set([lab.grace, lab.admin].map(serialOf)))
})

it('has whoever has expired once after that, and then no more', async () => {
  const { lab, clock, lists } = await atNoon()
  await using _lab = lab
  await revoke(lab, lab.grace)
  await lists.publish()
  const serials = async (at: number) => {
    clock.now = at
    await lists.publish()
    return serialsOf(await lists.newest())
  }
  const end = lab.grace.certificate.notAfter.getTime()
  // The process was away for months.
  expect(await serials(end + 40 * DAY)).toEqual([serialOf(lab.grace)])
  expect(await serials(end + 41 * DAY)).toEqual([])
})

it('is of pages that are put together', async () => {
  const { lab, lists } = await atNoon()
  await using _lab = lab
  const row = await lab.store.certificates.find(serialOf(lab.grace))
  if (!row) throw new Error('Grace is not on record.')
  const serials = Array.from({ length: 1_201 }, (_, i) => `${i + 0x1000000}`)
  await lab.store.transaction(async ({ certificates }) => {
    for (const serial of serials) {
      const revocation = { revokedAt: NOON, revocationReason: 'superseded' } as const
      await certificates.record({ ...row, serial, fingerprint256: serial, ...revocation })
    }
  })
  await lists.publish()
  expect(serialsOf(await lists.newest())).toEqual(serials)
  expect(lists.lastSeen()).toMatchObject({ entries: 1_201 })
})

describe('several processes', () => {
  it('make one list, and have the same', async () => {
    await using place = await sqlite.makePlace()
    const now = () => new Date()
    await using store = await openAt(place, now)
    await using other = await openAt(place, now)
    await using lab = await apiLab({ store })
    const [one, two] = [lab.context, { ...lab.context, store: other }].map(
      context => openAuthority(context).revocationLists,
    )
    await Promise.all([one?.publish(), two?.publish()])
    expect(await lab.events('CRL_PUBLISHED')).toHaveLength(1)
    const lists = [await one?.newest(), await two?.newest()]
    expect(lists[0]?.der).toEqual(lists[1]?.der)
    await revoke(lab, lab.grace)
    await two?.publish()
    expect(serialsOf(await one?.newest())).toEqual([serialOf(lab.grace)])
  })

  it('do not wait for one that could not sign', async () => {
    const { lab, clock, lists } = await atNoon()
    await using _lab = lab
    const signer = {
      ...CA,
      get privateKey(): never {
        throw new Error('no key')
      },
    }
    const failing = openAuthority({ ...lab.context, signer }).revocationLists
    await expect(failing.publish()).rejects.toThrow('no key')
    await lists.publish()
    expect(await lists.newest()).toMatchObject({ thisUpdate: clock.now })
  })
})

describe('is in time', () => {
  it('until its end', async () => {
    const { lab, clock, lists } = await atNoon()
    await using _lab = lab
    await lists.publish()
    clock.now += 24 * HOUR - 1
    expect(await lists.isInTime()).toBe(true)
    clock.now += 1
    expect(await lists.isInTime()).toBe(false)
    await lists.publish()
    expect(await lists.isInTime()).toBe(true)
  })

  it('for whoever cannot make one: that is not its business', async () => {
    const { privateKey } = CA
    const profile = { ...PROFILES.clientCa, keyUsage: ['keyCertSign'] as const }
    const request = { profile, subject: [{ type: 'CN', value: 'No lists' }], now: new Date() }
    const noLists = { certificate: await issueRoot(request, privateKey), privateKey }
    for (const signer of [undefined, noLists]) {
      await using lab = await apiLab({ context: { signer } })
      const lists = openAuthority({ ...lab.context, signer }).revocationLists
      await lists.publish()
      expect(await lists.newest()).toBeUndefined()
      expect(await lists.isInTime()).toBe(true)
    }
  })
})

it('is named in what is issued, when the site has a public address', async () => {
  const statusUrls = { crl: 'https://gatehouse.example/pki/crl', ocsp: 'https://gatehouse.example/pki/ocsp' }
  await using lab = await apiLab({ context: { statusUrls } })
  await using without = await apiLab()
  const text = ({ grace }: ApiLab) => Buffer.from(grace.certificate.der).toString('latin1')
  for (const url of Object.values(statusUrls)) {
    expect(text(lab)).toContain(url)
    expect(text(without)).not.toContain(url)
  }
})
