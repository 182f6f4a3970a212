// Promise: nothing in a mail adds a header or a recipient, and neither mail nor password goes to a server that is not the one.
import { setDefaultCACertificates } from 'node:tls'
import fc from 'fast-check'
import type { SMTPServerOptions } from 'smtp-server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '../../../../app/store/store.ts'
import { parseHost } from '../../../../pki/host-name.ts'
import { encodeCertificatePem } from '../../../../pki/pem.ts'
import { makeServerRoot } from '../../../support/lab.ts'
import { makeServer, pemOf } from '../lab.ts'
import {
  type Clock,
  createClock,
  type MailServer,
  MINUTE,
  makeMail,
  makeMailer,
  openMemory,
  startMailServer,
  unsent,
} from './lab.ts'

let clock: Clock
let store: Store
beforeEach(async () => {
  clock = createClock()
  store = await openMemory(clock)
})
afterEach(() => store[Symbol.asyncDispose]())

describe('a hostile mail', () => {
  let server: MailServer
  beforeAll(async () => {
    server = await startMailServer()
  })
  afterAll(() => server[Symbol.asyncDispose]())
  beforeEach(() => {
    server.received.length = 0
    server.recipients.length = 0
  })
  const send = () => makeMailer(`smtp://127.0.0.1:${server.port}`, { store, clock }).wake()
  const HEADERS = [
    'auto-submitted',
    'content-type',
    'date',
    'from',
    'message-id',
    'mime-version',
    'subject',
    'to',
  ]
  const headersOf = () => server.received.flatMap(({ mail }) => mail.headerLines.map(({ key }) => key)).sort()

  it.each([
    'grace@example.org, eve@evil.example',
    'grace@example.org\r\nRCPT TO:<eve@evil.example>',
    'grace@example.org>\r\nDATA\r\n.\r\n<',
    'Grace <eve@evil.example>',
    'eve@evil.example <grace@example.org>',
    'grace@example.org\nBcc: eve@evil.example',
    'undisclosed: eve@evil.example;',
    '<eve@evil.example>',
    'postmaster',
    '',
  ])('goes to nobody else when its address is %j', async to => {
    await store.outbox.add(makeMail({ to }))
    await store.outbox.add(makeMail({ to: 'next@example.org' }))
    await send()
    expect(server.recipients).toEqual(['next@example.org'])
    expect(await unsent(store)).toMatchObject([{ to, lastError: expect.any(String) }])
  })

  const attachments = [
    { filename: 'grace.crt', contentType: 'application/pem-certificate-chain', content: 'PEM\n' },
  ]
  it.each([
    'Certificate\r\nBcc: eve@evil.example',
    'Certificate\nX-Admin: yes',
    'Certificate\r\n\r\n<p>body',
    '=?utf-8?Q?a=0D=0ABcc:_eve@evil.example?=',
    'x'.repeat(2_000),
  ])('has the headers of any other with the subject %j', async subject => {
    await store.outbox.add(makeMail({ subject, attachments }))
    await send()
    expect(headersOf()).toEqual(HEADERS)
    expect(server.received).toMatchObject([{ to: ['grace@example.org'], mail: { text: 'A text.\n' } }])
  })

  it('has the headers of any other whatever is in it', async () => {
    const word = fc.string({ unit: 'binary', maxLength: 80 })
    await fc.assert(
      fc.asyncProperty(word, word, word, async (one, other, third) => {
        server.received.length = 0
        const named = attachments.map(attachment => ({ ...attachment, filename: `${third}.crt` }))
        const mail = { subject: `Of ${one}`, text: `Hello ${other},\n`, attachments: named }
        await store.outbox.add(makeMail(mail))
        await send()
        expect(headersOf()).toEqual(HEADERS)
        expect(server.received).toMatchObject([{ to: ['grace@example.org'] }])
        const attached = server.received[0]?.mail.attachments ?? []
        expect(attached.map(({ content, headers }) => [content.toString(), headers.size])).toEqual([
          ['PEM\n', 3],
        ])
      }),
      { numRuns: 25 },
    )
  })

  it('brings no file of this machine', async () => {
    const hostile = attachments.map(attachment => ({
      ...attachment,
      path: '/etc/hostname',
      href: 'http://x',
    }))
    await store.outbox.add(makeMail({ attachments: hostile }))
    await send()
    expect(server.received[0]?.mail.attachments.map(({ content }) => content.toString())).toEqual(['PEM\n'])
  })
})

describe('the server', () => {
  let trusted: { readonly cert: string; readonly key: string }
  let foreign: typeof trusted
  let misnamed: typeof trusted
  beforeAll(async () => {
    const [root, other] = [await makeServerRoot(), await makeServerRoot()]
    trusted = pemOf(await makeServer(root))
    foreign = pemOf(await makeServer(other))
    misnamed = pemOf(await makeServer(root, [parseHost('gatehouse.localhost')]))
    // What NODE_EXTRA_CA_CERTS does for a whole process.
    setDefaultCACertificates([encodeCertificatePem(root.certificate.der)])
  })

  const passwords: (string | null | undefined)[] = []
  beforeEach(() => {
    passwords.length = 0
  })
  const LOGIN: SMTPServerOptions = {
    disabledCommands: [],
    authMethods: ['PLAIN', 'LOGIN'],
    onAuth({ username, password }, _session, callback) {
      passwords.push(password)
      if (username === 'grace' && password === 'hunter2') callback(null, { user: username })
      else callback(new Error(`Not with ${password}`))
    },
  }

  async function deliver(url: (port: number) => string, options: SMTPServerOptions) {
    await using server = await startMailServer(options)
    await store.outbox.add(makeMail())
    const mailer = makeMailer(url(server.port), { store, clock })
    await mailer.wake()
    const [left] = await unsent(store)
    return { received: server.received, error: left?.lastError, log: mailer.log.join() }
  }
  const smtps = (port: number) => `smtps://localhost:${port}`
  const loggedIn = (port: number) => `smtp://grace:hunter2@localhost:${port}`
  const plain = (port: number) => `smtp://localhost:${port}`

  it('gets a mail by TLS from the start', async () => {
    const { received } = await deliver(smtps, { ...trusted, secure: true })
    expect(received).toMatchObject([{ isEncrypted: true }])
  })

  it('gets a mail and a password by STARTTLS', async () => {
    const { received } = await deliver(loggedIn, { ...LOGIN, ...trusted })
    expect(received).toMatchObject([{ isEncrypted: true, user: 'grace' }])
    expect(passwords).toEqual(['hunter2'])
  })

  it('gets a mail by STARTTLS without a password too, when it offers it', async () => {
    const { received } = await deliver(plain, { ...trusted, disabledCommands: ['AUTH'] })
    expect(received).toMatchObject([{ isEncrypted: true }])
  })

  it('gets a mail in clear text when it offers nothing else, and no password is to be sent', async () => {
    const { received } = await deliver(plain, {})
    expect(received).toMatchObject([{ isEncrypted: false }])
  })

  it('gets no password in clear text, and no mail instead', async () => {
    const { received, error } = await deliver(loggedIn, {
      ...LOGIN,
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      authOptional: true,
    })
    expect(passwords).toEqual([])
    expect(received).toEqual([])
    expect(error).toMatch(/^ETLS STARTTLS 5/)
  })

  it.each([
    ['TLS from the start', smtps, { secure: true }],
    ['STARTTLS', plain, { disabledCommands: ['AUTH'] }],
    ['STARTTLS and a password', loggedIn, LOGIN],
  ])('gets nothing when another authority vouches for it: %s', async (_, url, options) => {
    const { received, error } = await deliver(url, { ...options, ...foreign })
    expect(passwords).toEqual([])
    expect(received).toEqual([])
    expect(error).toMatch(/certificate/)
  })

  it('gets nothing when its certificate is for another name', async () => {
    const { received, error } = await deliver(smtps, { ...misnamed, secure: true })
    expect(received).toEqual([])
    expect(error).toMatch(/altnames/)
  })

  it('that refuses user and password is asked again later; what it repeats is kept nowhere', async () => {
    const url = (port: number) => `smtp://grace:hunter3@localhost:${port}`
    const { received, error, log } = await deliver(url, { ...LOGIN, ...trusted })
    expect(passwords).toEqual(['hunter3'])
    expect(received).toEqual([])
    expect(error).toBe('EAUTH AUTH PLAIN 535')
    expect(log).toContain('"outcome":"failed"')
    expect(log).not.toContain('hunter3')
    expect(await store.outbox.claim({ now: clock.time + MINUTE, claimUntil: 0, limit: 1 })).toEqual([])
  })
})
