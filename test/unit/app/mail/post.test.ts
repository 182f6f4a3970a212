// Promise: people are told what they need to know, in text that can do nothing, and never a secret.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPost, NO_POST, type Post } from '../../../../app/mail/post.ts'
import type { Store } from '../../../../app/store/store.ts'
import {
  type Clock,
  createClock,
  DAY,
  makeCertificateRow,
  makeRequestRow,
  openMemory,
  START,
  unsent,
} from './lab.ts'

let clock: Clock
let store: Store
let post: Post
beforeEach(async () => {
  clock = createClock()
  store = await openMemory(clock)
  post = createPost({ now: clock.now, publicUrl: 'https://gatehouse.example/' })
})
afterEach(() => store[Symbol.asyncDispose]())

const HOSTILE = 'Grace\r\nBcc: eve@evil.example\u202e\u001b[31m'
const INERT = 'Grace\uFFFD\uFFFDBcc: eve@evil.example\uFFFD\uFFFD[31m'

describe('the mail with a certificate', () => {
  it('says whose and which it is, until when, and how to use it, and brings it', async () => {
    const certificate = makeCertificateRow()
    await post.issued(store.outbox, certificate)
    const [mail] = await unsent(store)
    expect(mail).toMatchObject({
      key: `issued:${certificate.serial}`,
      to: 'grace@example.org',
      subject: 'Client certificate for Grace Hopper',
      attachments: [
        { filename: 'grace.crt', contentType: 'application/pem-certificate-chain', content: certificate.pem },
      ],
      createdAt: START,
      attempts: 0,
    })
    for (const said of [
      'Hello Grace Hopper,\n',
      '  Name           Grace Hopper\n',
      '  Organisation   Gatehouse\n',
      `  Serial number  ${certificate.serial}\n`,
      `  SHA-256        ${certificate.fingerprint256}\n`,
      '  Valid until    2027-02-22 12:00 UTC\n',
      '  openssl pkcs12 -export -inkey YOUR.key -in grace.crt -out grace.p12\n',
      '  curl --cert grace.crt --key YOUR.key https://gatehouse.example/whoami\n',
    ])
      expect(mail?.text).toContain(said)
  })

  it('is one, however often it is queued', async () => {
    const certificate = makeCertificateRow()
    await post.issued(store.outbox, certificate)
    await post.issued(store.outbox, certificate)
    expect(await unsent(store)).toHaveLength(1)
  })

  it('is queued in the transaction of the certificate, or not at all', async () => {
    const lost = store.transaction(async ({ outbox }) => {
      await post.issued(outbox, makeCertificateRow())
      throw new Error('rolled back')
    })
    await expect(lost).rejects.toThrow('rolled back')
    expect(await unsent(store)).toEqual([])
  })

  it('is not made before the certificate is', async () => {
    const recorded = makeCertificateRow({ state: 'recorded', pem: null })
    await expect(post.issued(store.outbox, recorded)).rejects.toThrow('is not signed yet')
  })
})

it('tells of a rejected request with the reason', async () => {
  await post.rejected(store.outbox, makeRequestRow())
  const [mail] = await unsent(store)
  expect(mail).toMatchObject({
    key: 'rejected:0123456789abcdef0123456789abcdef',
    to: 'grace@example.org',
    subject: 'No client certificate for Grace Hopper',
    attachments: [],
  })
  expect(mail?.text).toContain('  Reason        Nobody here knows you.\n')
  expect(mail?.text).toContain('  Asked for on  2026-11-24 12:00 UTC\n')
})

it('reminds of the end with a way to renew', async () => {
  clock.time = START + 76 * DAY
  await post.expiring(store.outbox, makeCertificateRow({ serial: '0A' }), 14)
  const [mail] = await unsent(store)
  expect(mail).toMatchObject({
    key: 'expiry:0A:14',
    subject: 'Client certificate of Grace Hopper expires in 14 days',
    attachments: [],
  })
  for (const said of ['gatehouse renew\n', '  Serial number  0A\n', 'https://gatehouse.example/pki/renew\n'])
    expect(mail?.text).toContain(said)
})

it.each([
  [30 * DAY, 'in 30 days'],
  [2 * DAY - 1, 'in a day'],
  [DAY, 'in a day'],
  [DAY - 1, 'within a day'],
  [1, 'within a day'],
])('with %i ms left, says %s', async (left, said) => {
  await post.expiring(store.outbox, makeCertificateRow({ notAfter: START + left }), 1)
  expect(await unsent(store)).toMatchObject([
    { subject: `Client certificate of Grace Hopper expires ${said}` },
  ])
})

describe('with hostile names, a mail', () => {
  const hostile = { commonName: HOSTILE, organisation: HOSTILE }

  it.each<[string, (post: Post) => Promise<void>]>([
    ['with a certificate', made => made.issued(store.outbox, makeCertificateRow(hostile))],
    [
      'about a rejection',
      made => made.rejected(store.outbox, makeRequestRow({ ...hostile, reason: HOSTILE })),
    ],
    ['about the end', made => made.expiring(store.outbox, makeCertificateRow(hostile), 1)],
  ])('%s shows them inert', async (_, queue) => {
    await queue(post)
    const [{ subject, text, attachments } = { subject: '', text: '', attachments: [] }] = await unsent(store)
    expect(subject).toContain(INERT)
    expect(subject).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(text.split('\n').filter(line => line.startsWith('Bcc'))).toEqual([])
    for (const { filename } of attachments) expect(filename).toMatch(/^[a-z0-9-]+\.crt$/)
  })

  it.each([
    ['../../etc/passwd', 'etc.crt'],
    ['李小龍', /^user-[0-9a-f]{8}\.crt$/],
    ['a"; filename="b.exe', 'a.crt'],
  ])('names the attachment of %j after %s', async (commonName, filename) => {
    await post.issued(store.outbox, makeCertificateRow({ commonName }))
    const [mail] = await unsent(store)
    expect(mail?.attachments[0]?.filename).toEqual(
      typeof filename === 'string' ? filename : expect.stringMatching(filename),
    )
  })
})

it('holds no private key, even if one stood beside the certificate', async () => {
  const certificate = makeCertificateRow()
  const key = '-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n'
  await post.issued(store.outbox, { ...certificate, pem: `${key}${certificate.pem}${key}` })
  await post.rejected(store.outbox, makeRequestRow())
  await post.expiring(store.outbox, { ...certificate, pem: key }, 1)
  const mails = await unsent(store)
  expect(mails).toHaveLength(3)
  expect(JSON.stringify(mails)).not.toContain('PRIVATE KEY')
  expect(mails.flatMap(({ attachments }) => attachments)).toMatchObject([{ content: certificate.pem }])
})

it.each([
  null,
  '',
  'grace',
  'grace@example.org, eve@evil.example',
  'grace@example.org\r\nBcc: eve@evil.example',
])('tells nobody whose address is %j, and fails nothing', async email => {
  await post.issued(store.outbox, makeCertificateRow({ email }))
  await post.rejected(store.outbox, makeRequestRow({ email }))
  await post.expiring(store.outbox, makeCertificateRow({ email }), 1)
  expect(await unsent(store)).toEqual([])
})

it('queues nothing when it is off', async () => {
  await NO_POST.issued(store.outbox, makeCertificateRow())
  await NO_POST.rejected(store.outbox, makeRequestRow())
  await NO_POST.expiring(store.outbox, makeCertificateRow(), 1)
  expect(await unsent(store)).toEqual([])
})
