// Promise: what is in the outbox reaches the mail server, once if nothing breaks, and later if something does.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openStore } from '../../../../app/store/open-store.ts'
import type { Store } from '../../../../app/store/store.ts'
import { temporaryFolder } from '../../../support/lab.ts'
import {
  type Clock,
  createClock,
  DAY,
  HOUR,
  type MailServer,
  MINUTE,
  makeMail,
  makeMailer,
  openMemory,
  START,
  startMailServer,
  unsent,
} from './lab.ts'

let clock: Clock
let store: Store
let server: MailServer
beforeEach(async () => {
  clock = createClock()
  store = await openMemory(clock)
  server = await startMailServer()
})
afterEach(async () => {
  vi.useRealTimers()
  await server[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
})
const start = () => makeMailer(`smtp://127.0.0.1:${server.port}`, { store, clock })
const subjects = () => server.received.map(({ mail }) => mail.subject)

it('delivers a mail once, as it was queued', async () => {
  const attachments = [
    { filename: 'grace-hopper.crt', contentType: 'application/pem-certificate-chain', content: 'PEM\n' },
  ]
  const queued = makeMail({ subject: 'Zoë 李小龍', text: 'First.\n\n.\nSecond: ä\n', attachments })
  await store.outbox.add(queued)
  const mailer = start()
  await mailer.wake()
  await mailer.wake()
  expect(server.received).toMatchObject([{ from: 'ca@gatehouse.example', to: ['grace@example.org'] }])
  const mail = server.received[0]?.mail
  expect(mail).toMatchObject({
    subject: 'Zoë 李小龍',
    text: queued.text,
    messageId: `<${queued.id}@gatehouse.example>`,
    date: new Date(START),
    from: { value: [{ name: 'Gatehouse', address: 'ca@gatehouse.example' }] },
    to: { value: [{ name: '', address: 'grace@example.org' }] },
    attachments: [{ filename: 'grace-hopper.crt', contentType: 'application/pem-certificate-chain' }],
  })
  expect(mail?.attachments[0]?.content.toString()).toBe('PEM\n')
  expect(mail?.headers.get('auto-submitted')).toBe('auto-generated')
  expect(await unsent(store)).toEqual([])
})

it('sends nothing that a transaction did not keep', async () => {
  const lost = store.transaction(async ({ outbox }) => {
    await outbox.add(makeMail())
    throw new Error('rolled back')
  })
  await expect(lost).rejects.toThrow('rolled back')
  await start().wake()
  expect(server.recipients).toEqual([])
})

it('sends once what two workers find in one store', async () => {
  using folder = temporaryFolder()
  const url = `sqlite:${join(folder.path, 'gatehouse.sqlite')}`
  await using one = await openStore({ url, now: clock.now })
  await using other = await openStore({ url, now: clock.now })
  const expected = Array.from({ length: 20 }, (_, index) => `mail ${index}`)
  for (const subject of expected) await one.outbox.add(makeMail({ subject }))
  const smtp = `smtp://127.0.0.1:${server.port}`
  const [first, second] = [makeMailer(smtp, { store: one, clock }), makeMailer(smtp, { store: other, clock })]
  await Promise.all([first.wake(), second.wake()])
  expect(subjects().sort()).toEqual(expected.sort())
  // Both have worked, or the test would say nothing.
  expect(first.log.length).toBeGreaterThan(0)
  expect(second.log.length).toBeGreaterThan(0)
})

it('sends what a killed process has left, with the Message-ID that it had', async () => {
  using folder = temporaryFolder()
  const url = `sqlite:${join(folder.path, 'gatehouse.sqlite')}`
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const never = new Promise<void>(() => {})
  const arrivals: (string | undefined)[] = []
  server.manners.beforeAnswer = ({ messageId }) => {
    arrivals.push(messageId)
    arrive()
    return arrivals.length === 1 ? never : Promise.resolve()
  }
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', KILLED, join(import.meta.dirname, 'lab.ts'), url, String(server.port)],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
  await arrived
  child.kill('SIGKILL')
  await once(child, 'exit')

  await using reopened = await openStore({ url, now: clock.now })
  const mailer = makeMailer(`smtp://127.0.0.1:${server.port}`, { store: reopened, clock })
  await mailer.wake()
  // The claim of the dead is not over: it could be alive and sending.
  expect(server.received).toEqual([])
  clock.time += 10 * MINUTE
  await mailer.wake()
  expect(arrivals).toEqual(['<killed@gatehouse.example>', '<killed@gatehouse.example>'])
  expect(server.received).toHaveLength(1)
})

const KILLED = `
const [lab, url, port] = process.argv.slice(1)
const { createClock, makeMail, makeMailer } = await import(lab)
const { openStore } = await import(new URL('../../../../app/store/open-store.ts', 'file://' + lab))
const clock = createClock()
const store = await openStore({ url, now: clock.now })
await store.outbox.add(makeMail({ id: 'killed' }))
makeMailer('smtp://127.0.0.1:' + port, { store, clock }).start()
`

describe('when the server is away', () => {
  const failing = async () => {
    await server[Symbol.asyncDispose]()
    await store.outbox.add(makeMail({ subject: 'first' }))
    const mailer = start()
    await mailer.wake()
    return mailer
  }

  it('tries again after a minute, and delivers', async () => {
    const mailer = await failing()
    server = await startMailServer({}, server.port)
    clock.time += MINUTE - 1
    await mailer.wake()
    expect(server.recipients).toEqual([])
    clock.time += 1
    await mailer.wake()
    expect(subjects()).toEqual(['first'])
  })

  it('tries no other mail for now: each would wait as long for nothing', async () => {
    await store.outbox.add(makeMail({ subject: 'second', nextAttemptAt: START + 1 }))
    clock.time = START + 1
    await failing()
    expect(await unsent(store)).toMatchObject([
      { attempts: 0, lastError: null },
      { attempts: 1, lastError: expect.stringMatching(/^ESOCKET CONN: .*ECONNREFUSED/) },
    ])
  })
})

describe('when the server says no', () => {
  beforeEach(async () => {
    await store.outbox.add(makeMail({ subject: 'refused', to: 'nobody@example.org' }))
    await store.outbox.add(makeMail({ subject: 'taken' }))
  })
  const passTime = async (mailer: { wake(): Promise<void> }, times = 3) => {
    for (let time = 0; time < times; time += 1) {
      clock.time += 6 * HOUR
      await mailer.wake()
    }
  }
  const tried = () => server.recipients.filter(address => address === 'nobody@example.org').length

  it.each([550, 551, 553, 554])('for good (%i) to a recipient, does not ask again', async code => {
    server.manners.recipient = address => (address === 'nobody@example.org' ? code : undefined)
    const mailer = start()
    await mailer.wake()
    await passTime(mailer)
    expect(tried()).toBe(1)
    expect(subjects()).toEqual(['taken'])
    expect(await unsent(store)).toMatchObject([
      { subject: 'refused', attempts: 1, lastError: expect.stringContaining(`EENVELOPE RCPT TO ${code}: `) },
    ])
  })

  it('for good to a message, does not ask again', async () => {
    server.manners.message = () => (tried() === 1 && server.recipients.length === 1 ? 554 : undefined)
    const mailer = start()
    await mailer.wake()
    await passTime(mailer)
    expect(tried()).toBe(1)
    expect(subjects()).toEqual(['taken'])
  })

  it.each([450, 451, 452])('for now (%i) to a recipient, asks again later', async code => {
    server.manners.recipient = address =>
      address === 'nobody@example.org' && tried() === 1 ? code : undefined
    const mailer = start()
    await mailer.wake()
    expect(subjects()).toEqual(['taken'])
    clock.time += MINUTE
    await mailer.wake()
    expect(subjects()).toEqual(['taken', 'refused'])
  })

  it('for now to a message, asks again later', async () => {
    server.manners.message = () => (server.recipients.length === 1 ? 451 : undefined)
    const mailer = start()
    await mailer.wake()
    clock.time += MINUTE
    await mailer.wake()
    expect(subjects()).toEqual(['taken', 'refused'])
  })

  it.each([
    ['550 to the sender', { mailFrom: () => 550 }],
    ['530 to a recipient', { recipient: () => 530 }],
    ['503 to a message', { message: () => 503 }],
  ])('to us, even for good, asks again later: whoever runs this can mend it (%s)', async (_, manners) => {
    Object.assign(server.manners, manners)
    const mailer = start()
    await mailer.wake()
    for (const what of Object.keys(manners)) delete server.manners[what as keyof typeof manners]
    await passTime(mailer, 1)
    expect(subjects().sort()).toEqual(['refused', 'taken'])
  })
})

it('waits twice as long each time, up to six hours', async () => {
  server.manners.recipient = () => 451
  await store.outbox.add(makeMail())
  const mailer = start()
  await mailer.wake()
  for (const [index, minutes] of [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360].entries()) {
    clock.time += minutes * MINUTE - 1
    await mailer.wake()
    expect(server.recipients).toHaveLength(index + 1)
    clock.time += 1
    await mailer.wake()
    expect(server.recipients).toHaveLength(index + 2)
  }
})

it('gives up after five days, and keeps the reason', async () => {
  server.manners.recipient = () => 451
  await store.outbox.add(makeMail())
  const mailer = start()
  for (let time = 0; time <= 21; time += 1) {
    await mailer.wake()
    clock.time += 6 * HOUR
  }
  expect(mailer.log.filter(line => JSON.parse(line).outcome === 'given up')).toHaveLength(1)
  const tries = server.recipients.length
  clock.time += 365 * DAY
  await mailer.wake()
  expect(server.recipients).toHaveLength(tries)
  expect(await unsent(store)).toMatchObject([{ lastError: expect.stringContaining('EENVELOPE RCPT TO 451') }])
})

it('logs what was sent and what failed, without addresses and what the server says', async () => {
  server.manners.recipient = address => (address.startsWith('nobody') ? 550 : undefined)
  await store.outbox.add(makeMail({ id: 'one', key: 'issued:01', to: 'nobody@example.org' }))
  await store.outbox.add(makeMail({ id: 'two', key: 'issued:02' }))
  const mailer = start()
  await mailer.wake()
  expect(mailer.log.map(line => JSON.parse(line))).toMatchObject([
    {
      severity: 'warn',
      kind: 'mail',
      outcome: 'given up',
      id: 'one',
      key: 'issued:01',
      attempt: 1,
      code: 'EENVELOPE RCPT TO 550',
      sum: { sent: 0, failed: 1 },
    },
    {
      severity: 'info',
      kind: 'mail',
      outcome: 'sent',
      id: 'two',
      key: 'issued:02',
      sum: { sent: 1, failed: 1 },
    },
  ])
  expect(mailer.log.join()).not.toContain('example.org')
})

it('looks by itself, for what other processes queue', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  await store.outbox.add(makeMail({ subject: 'first' }))
  const mailer = start()
  mailer.start()
  await vi.waitFor(() => expect(subjects()).toEqual(['first']))
  await store.outbox.add(makeMail({ subject: 'second' }))
  vi.advanceTimersByTime(5_000)
  await vi.waitFor(() => expect(subjects()).toEqual(['first', 'second']))
  await mailer.stop()
  await store.outbox.add(makeMail({ subject: 'third' }))
  vi.advanceTimersByTime(60_000)
  await mailer.wake()
  expect(subjects()).toEqual(['first', 'second'])
})

describe('when it is told to stop', () => {
  it('finishes the mail under way, and takes up no other', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
    const { promise: answering, resolve: answer } = Promise.withResolvers<void>()
    server.manners.beforeAnswer = () => {
      arrive()
      return answering
    }
    await store.outbox.add(makeMail({ subject: 'under way' }))
    await store.outbox.add(makeMail({ subject: 'waiting' }))
    const mailer = start()
    mailer.start()
    await arrived
    const stopped = mailer.stop()
    answer()
    await stopped
    expect(subjects()).toEqual(['under way'])
    expect(await unsent(store)).toMatchObject([{ subject: 'waiting', attempts: 0 }])
  })

  it('does not wait for ever: what is cut off is due again', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
    server.manners.beforeAnswer = () => {
      arrive()
      return new Promise(() => {})
    }
    await store.outbox.add(makeMail())
    const mailer = start()
    void mailer.wake()
    await arrived
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const stopped = mailer.stop()
    vi.advanceTimersByTime(5_000)
    await stopped
    vi.useRealTimers()
    expect(server.received).toEqual([])
    expect(await unsent(store)).toMatchObject([{ attempts: 1, lastError: expect.stringContaining('EABORT') }])
  })
})

it('outlives a store that is away', async () => {
  const broken = await openMemory(clock)
  const mailer = makeMailer(`smtp://127.0.0.1:${server.port}`, { store: broken, clock })
  await broken[Symbol.asyncDispose]()
  await mailer.wake()
  expect(mailer.log.map(line => JSON.parse(line))).toMatchObject([{ kind: 'mail', outcome: 'interrupted' }])
})
