// Promise: whoever's certificate is about to expire is told in time, once at each step, and nobody else is.
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createReminders, type Reminders } from '../../../../app/mail/expiry-reminders.ts'
import { createPost, NO_POST } from '../../../../app/mail/post.ts'
import type { CertificateRow, Store } from '../../../../app/store/store.ts'
import {
  type Clock,
  createClock,
  DAY,
  HOUR,
  type MailServer,
  makeCertificateRow,
  makeMailer,
  openMemory,
  START,
  startMailServer,
  unsent,
} from './lab.ts'

const END = START + 90 * DAY

let clock: Clock
let store: Store
let reminders: Reminders
beforeEach(async () => {
  clock = createClock()
  store = await openMemory(clock)
  reminders = createReminders({ store, post: createPost({ now: clock.now }), now: clock.now })
  const grace = { id: 'grace', nameKey: 'grace hopper', commonName: 'Grace Hopper', createdAt: START }
  await store.holders.add({ ...grace, organisation: 'Gatehouse', email: 'grace@example.org' })
})
afterEach(() => store[Symbol.asyncDispose]())

async function issue(over: Partial<CertificateRow> = {}): Promise<CertificateRow> {
  const row = makeCertificateRow({ notAfter: END, ...over })
  await store.certificates.record(row)
  return row
}

const keys = async () => (await unsent(store)).map(({ key }) => key)
const at = async (time: number): Promise<void> => {
  clock.time = time
  await reminders.run()
}

it('reminds at 30, 14, 7 and 1 days, once each, over the whole life of a certificate', async () => {
  const { serial } = await issue()
  await using server: MailServer = await startMailServer()
  const mailer = makeMailer(`smtp://127.0.0.1:${server.port}`, { store, clock })
  const told: [number, string | undefined][] = []
  for (let time = START; time <= END + 10 * DAY; time += 6 * HOUR) {
    await at(time)
    await at(time)
    await mailer.wake()
    const news = server.received.splice(0).map(({ mail }) => mail.subject)
    for (const subject of news) told.push([(END - time) / DAY, subject])
  }
  const subject = (when: string) => `Client certificate of Grace Hopper expires ${when}`
  expect(told).toEqual([
    [30, subject('in 30 days')],
    [14, subject('in 14 days')],
    [7, subject('in 7 days')],
    [1, subject('in a day')],
  ])
  // They were told apart by these, so that they are also not sent again by another process.
  for (const days of [30, 14, 7, 1]) {
    await createPost({ now: clock.now }).expiring(store.outbox, makeCertificateRow({ serial }), days)
  }
  expect(await keys()).toEqual([])
})

it.each([
  [END - 30 * DAY - 1, []],
  [END - 30 * DAY, ['30']],
  [END - 20 * DAY, ['30']],
  [END - 14 * DAY, ['14']],
  [END - 3 * DAY, ['7']],
  [END - HOUR, ['1']],
  [END - 1, ['1']],
  [END + 1, []],
])('of the steps missed by %i, takes the nearest: %j', async (time, days) => {
  const { serial } = await issue()
  await at(time)
  expect(await keys()).toEqual(days.map(day => `expiry:${serial}:${day}`))
})

it('tells nobody who has another that is valid for longer', async () => {
  await issue()
  await issue({ recordedAt: START + 80 * DAY, notAfter: END + 80 * DAY })
  await at(END - DAY)
  expect(await keys()).toEqual([])
})

it('tells of the last one only, of several', async () => {
  await issue({ notAfter: END - HOUR })
  const last = await issue()
  await at(END - DAY)
  expect(await keys()).toEqual([`expiry:${last.serial}:1`])
})

it.each<[string, Partial<CertificateRow>]>([
  ['is revoked', { notAfter: END + DAY, revokedAt: START, revocationReason: 'keyCompromise' }],
  ['will be revoked before', { notAfter: END + DAY, revokedAt: END - HOUR, revocationReason: 'superseded' }],
  ['was never signed', { notAfter: END + DAY, state: 'recorded', pem: null, fingerprint256: null }],
  ['has expired', { notAfter: END - 2 * DAY }],
])('tells whose other one %s', async (_, other) => {
  const mine = await issue()
  await issue(other)
  await at(END - DAY)
  expect(await keys()).toEqual([`expiry:${mine.serial}:1`])
})

it('tells each holder', async () => {
  const ada = { id: 'ada', nameKey: 'ada lovelace', commonName: 'Ada Lovelace', createdAt: START }
  await store.holders.add({ ...ada, organisation: null, email: 'ada@example.org' })
  await issue()
  await issue({ holderId: 'ada', commonName: 'Ada Lovelace', email: 'ada@example.org', notAfter: END + DAY })
  await at(END - 7 * DAY)
  expect((await unsent(store)).map(({ to }) => to).sort()).toEqual(['ada@example.org', 'grace@example.org'])
})

it.each<[string, Partial<CertificateRow>]>([
  ['revoked', { revokedAt: START, revocationReason: 'unspecified' }],
  ['not signed', { state: 'recorded', pem: null, fingerprint256: null }],
  ['without an address', { email: null }],
])('tells nobody of a certificate that is %s', async (_, over) => {
  await issue(over)
  await at(END - DAY)
  expect(await keys()).toEqual([])
})

it('tells nobody anything when mail is off', async () => {
  await issue()
  clock.time = END - DAY
  await createReminders({ store, post: NO_POST, now: clock.now }).run()
  expect(await keys()).toEqual([])
})

it('tells once when two processes do it at the same time', async () => {
  const { serial } = await issue()
  clock.time = END - DAY
  await Promise.all([reminders.run(), reminders.run()])
  expect(await keys()).toEqual([`expiry:${serial}:1`])
})
