// Promise: what is sent to the catcher can be looked at, harms nobody who looks, and goes nowhere.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { createTransport } from 'nodemailer'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

const MAIN = join(import.meta.dirname, '../../../mail-catcher/main.ts')
const MIB = 1024 * 1024

function start(env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

let child: ChildProcess
let ports: { readonly smtp: number; readonly http: number }
beforeAll(async () => {
  child = start({ MAIL_CATCHER_SMTP_PORT: '0', MAIL_CATCHER_HTTP_PORT: '0' })
  const [line] = await once(createInterface({ input: child.stdout as never }), 'line')
  ports = JSON.parse(line)
})
afterAll(async () => {
  child.kill('SIGTERM')
  const [exitCode] = await once(child, 'close')
  expect(exitCode).toBe(0)
})

interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Not `fetch`, which sets the headers of a browser itself. */
async function ask(path: string, { method = 'GET', headers = {} }: Asked = {}) {
  const request = httpRequest({ port: ports.http, host: '127.0.0.1', path, method, headers }).end()
  const [response] = await once(request, 'response')
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

async function send(mail: object): Promise<void> {
  const transport = createTransport({ host: '127.0.0.1', port: ports.smtp })
  await transport.sendMail({ from: 'ca@example.org', to: 'grace@example.org', ...mail })
}

const messages = async () => JSON.parse((await ask('/api/messages')).body)

beforeEach(async () => {
  expect(await ask('/delete', { method: 'POST' })).toMatchObject({ status: 303, headers: { location: '/' } })
  expect(await messages()).toEqual([])
})

it('shows a mail with its text and attachments, as data and on pages', async () => {
  await send({
    messageId: '<one@example.org>',
    subject: 'Zoë 李小龍',
    text: 'first\nsecond\n',
    attachments: [
      { filename: 'zoe.crt', contentType: 'application/pem-certificate-chain', content: 'PEM\n' },
    ],
  })
  const [mail] = await messages()
  expect(mail).toEqual({
    id: expect.any(Number),
    received_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    from: 'ca@example.org',
    to: ['grace@example.org'],
    subject: 'Zoë 李小龍',
    message_id: '<one@example.org>',
    text: 'first\nsecond\n',
    attachments: [
      {
        filename: 'zoe.crt',
        content_type: 'application/pem-certificate-chain',
        size: 4,
        url: `/messages/${mail.id}/attachments/0`,
      },
    ],
  })
  const list = await ask('/')
  expect(list.body).toContain('Zoë 李小龍')
  expect(list.body).toContain(`href="/messages/${mail.id}"`)
  const page = await ask(`/messages/${mail.id}`)
  expect(page.body).toContain('<pre>first\nsecond\n</pre>')
  expect(page.body).toContain('zoe.crt')
  expect(await ask(mail.attachments[0].url)).toMatchObject({
    status: 200,
    body: 'PEM\n',
    headers: {
      'content-disposition': expect.stringMatching(/^attachment; filename="?zoe\.crt"?$/),
      'content-type': 'application/octet-stream',
      'x-content-type-options': 'nosniff',
    },
  })
})

it('shows the newest first, and of more than 200 the last 200', async () => {
  const transport = createTransport({ host: '127.0.0.1', port: ports.smtp, pool: true })
  for (let index = 1; index <= 201; index += 1)
    await transport.sendMail({ from: 'ca@example.org', to: 'grace@example.org', subject: `mail ${index}` })
  transport.close()
  const subjects = (await messages()).map((mail: { subject: string }) => mail.subject)
  expect(subjects).toHaveLength(200)
  expect([subjects[0], subjects[199]]).toEqual(['mail 201', 'mail 2'])
})

it('refuses a mail of more than 10 MiB, and works on', async () => {
  const attachments = [{ filename: 'film', content: Buffer.alloc(8 * 1024 * 1024) }]
  await expect(send({ subject: 'large', attachments })).rejects.toMatchObject({ responseCode: 552 })
  await send({ subject: 'small' })
  expect(await messages()).toMatchObject([{ subject: 'small' }])
})

it('keeps little in memory of a mail that does not end', async () => {
  const highest = async () =>
    Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024
  const before = await highest()
  const line = `${'x'.repeat(70)}\r\n`
  const socket = connect(ports.smtp, '127.0.0.1')
  const answers = text(socket)
  await once(socket, 'data')
  for (const command of ['EHLO test', 'MAIL FROM:<>', 'RCPT TO:<grace@example.org>', 'DATA']) {
    socket.write(`${command}\r\n`)
    await once(socket, 'data')
  }
  const body = Array.from({ length: 100 }, () => line.repeat(MIB / line.length))
  await pipeline(['Subject: endless\r\n\r\n', ...body, '\r\n.\r\nQUIT\r\n'], socket, { end: false })
  expect(await answers).toMatch(/^552 /m)
  // Measured: 90 MiB, and with all of it kept more than 300.
  expect((await highest()) - before).toBeLessThan(200)
})

describe('hostile mails', () => {
  const SCRIPT = '<script>alert(1)</script>"\'><img src=x onerror=alert(1)>'

  it('stay text, with a policy that runs no script in any case', async () => {
    await send({
      subject: SCRIPT,
      text: SCRIPT,
      html: SCRIPT,
      attachments: [{ filename: `${SCRIPT}.html`, contentType: 'text/html', content: SCRIPT }],
    })
    const [mail] = await messages()
    for (const path of ['/', `/messages/${mail.id}`]) {
      const { body, headers } = await ask(path)
      expect(body).not.toContain('<script')
      expect(body).not.toContain('<img')
      expect(body).toContain('&lt;script&gt;')
      expect(headers['content-security-policy']).toBe(
        "default-src 'none';style-src 'self';img-src data:;form-action 'self';base-uri 'none';frame-ancestors 'none'",
      )
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
    }
    expect((await ask(mail.attachments[0].url)).headers['content-type']).toBe('application/octet-stream')
  })
})

describe('pages of other sites', () => {
  beforeEach(() => send({ subject: 'kept' }))

  it.each([
    [{ origin: 'https://evil.example' }],
    [{ origin: 'null' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
  ])('cannot delete with %j', async headers => {
    expect(await ask('/delete', { method: 'POST', headers })).toMatchObject({ status: 403 })
    expect(await messages()).toMatchObject([{ subject: 'kept' }])
  })

  it('cannot delete by a link', async () => {
    expect(await ask('/delete')).toMatchObject({ status: 404 })
    expect(await messages()).toMatchObject([{ subject: 'kept' }])
  })

  it('can delete from its own page', async () => {
    const own = { origin: `http://127.0.0.1:${ports.http}`, 'sec-fetch-site': 'same-origin' }
    expect(await ask('/delete', { method: 'POST', headers: own })).toMatchObject({ status: 303 })
    expect(await messages()).toEqual([])
  })

  it.each([
    ['rebound.evil.example', 421],
    ['rebound.evil.example:8025', 421],
    ['localhost.evil.example', 421],
    ['localhost:8025', 200],
    ['mail.gatehouse.localhost', 200],
    ['[::1]:8025', 200],
    ['mail:8025', 200],
  ])('cannot read by the name %s: %i', async (host, status) => {
    expect(await ask('/api/messages', { headers: { host } })).toMatchObject({ status })
  })
})

it.each([
  ['/messages/0'],
  ['/messages/x'],
  ['/messages/1/attachments/99'],
  ['/messages/__proto__'],
  ['/api/messages/1'],
])('has nothing at %s', async path => {
  expect(await ask(path)).toMatchObject({ status: 404, body: 'There is nothing here.\n' })
})

it('answers what is no address with 400', async () => {
  expect(await ask('/messages/%ff')).toMatchObject({ status: 400, body: 'Bad request.\n' })
})

it('is healthy', async () => {
  expect(await ask('/healthz')).toMatchObject({ status: 200, body: 'ok\n' })
})

it('says what is wrong with a port, with 2', async () => {
  const other = start({ MAIL_CATCHER_SMTP_PORT: 'smtp' })
  const [said, [exitCode]] = await Promise.all([text(other.stderr as never), once(other, 'close')])
  expect({ said, exitCode }).toEqual({
    said: 'MAIL_CATCHER_SMTP_PORT must not be "smtp". It must be a number from 0 (any free port) to 65535; left out, it is 1025.\n',
    exitCode: 2,
  })
})

it('says that a port is in use, with 1', async () => {
  const other = start({ MAIL_CATCHER_SMTP_PORT: String(ports.smtp), MAIL_CATCHER_HTTP_PORT: '0' })
  const [said, [exitCode]] = await Promise.all([text(other.stderr as never), once(other, 'close')])
  expect({ said, exitCode }).toEqual({
    said: `listen EADDRINUSE: address already in use 127.0.0.1:${ports.smtp}\n`,
    exitCode: 1,
  })
})
