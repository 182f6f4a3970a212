// Promise: a form of a browser makes one paste, of a file or a text, and every other form is refused and leaves nothing.
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import request, { type Test } from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiLab, apiLab, type Headers, NOBODY } from '../api-lab.ts'
import { formTokenOf } from '../web/form-token-of.ts'
import { answerTo, serve } from './serve.ts'

const BROWSER = { Accept: 'text/html,*/*;q=0.8', 'Sec-Fetch-Site': 'same-origin' }
const MIB = 1024 * 1024
let lab: ApiLab
beforeAll(async () => {
  lab = await apiLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

const files = () => readdirSync(lab.pastebin.folder.path)
const post = (headers: Headers = NOBODY): Test => request(lab.app).post('/pastes').set(headers)
const raw = (id: string) => lab.get(`/pastes/${id}/raw`)

/** A form as it goes over the wire. */
function form(...parts: readonly (readonly [head: string, content: string])[]): Test {
  const body = parts.map(
    ([head, content]) => `--x\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`,
  )
  return post()
    .set('Content-Type', 'multipart/form-data; boundary=x')
    .send(`${body.join('')}--x--\r\n`)
}

describe('a form with', () => {
  it('a file: its name, its type, and what else was filled in', async () => {
    const { status, body } = await post(lab.grace.headers)
      .field('text', '')
      .attach('file', Buffer.from([0x89, 0x50]), {
        filename: 'C:\\pictures\\a.png',
        contentType: 'image/png',
      })
      .field('name', '')
      .field('expires_in', '60')
      .field('burn', 'true')
      .field('private', 'true')
    expect(status).toBe(201)
    expect(body).toMatchObject({ name: 'a.png', media_type: 'image/png', size: 2, burn: true, private: true })
    expect(Date.parse(body.expires_at) - Date.parse(body.created_at)).toBe(60_000)
  })

  it('a text: with the ends of lines that it had', async () => {
    const text = `#!/bin/sh\r\necho\r\n\r\nlone \r in it${'x'.repeat(MIB)}\r\nÄ\r\n`
    const { body } = await post()
      .field('text', text)
      .field('name', 'run.sh')
      .attach('file', Buffer.alloc(0), { filename: '', contentType: 'application/octet-stream' })
    expect(body).toMatchObject({ name: 'run.sh', media_type: 'text/plain; charset=utf-8' })
    expect((await raw(body.id)).text).toBe(text.replaceAll('\r\n', '\n'))
  })

  it('a carriage return at its very end', async () => {
    const { body } = await post().field('text', 'x\r')
    expect((await raw(body.id)).text).toBe('x\r')
  })

  it("a name that is typed in place of the file's", async () => {
    const { body } = await post().attach('file', Buffer.from('x'), 'a.txt').field('name', 'b.txt')
    expect(body.name).toBe('b.txt')
  })

  it('what curl calls a file without a name', async () => {
    expect((await form(['name="file"', 'x'])).body).toMatchObject({ name: null, size: 1 })
  })
})

it('a browser is sent to the page of its paste, and from there can delete it', async () => {
  const { csrf } = await formTokenOf(lab, lab.grace.headers)
  const made = await post({ ...lab.grace.headers, ...BROWSER })
    .field('csrf', csrf)
    .field('text', 'seen')
  expect([made.status, made.headers.location]).toEqual([303, expect.stringMatching(/^pastes\/[0-9a-f]{32}$/)])
  for (const base of ['https://host/pastes', 'https://host/app/pastes']) {
    const page = new URL(made.headers.location ?? '', base)
    expect(page.pathname).toMatch(/^(\/app)?\/pastes\/[0-9a-f]{32}$/)
  }
  const path = `/${made.headers.location}`
  const page = await lab.get(path, { ...lab.grace.headers, ...BROWSER })
  const action = /<form method="post" action="([^"]+)"/.exec(page.text)?.[1] ?? ''
  expect(new URL(action, `https://host/app${path}`).pathname).toBe(`/app${path}/delete`)
  const gone = await request(lab.app)
    .post(`${path}/delete`)
    .set({ ...lab.grace.headers, ...BROWSER, 'X-CSRF-Token': csrf })
  expect(gone.status).toBe(303)
  expect(new URL(gone.headers.location ?? '', `https://host/app${path}/delete`).pathname).toBe('/app/pastes')
  expect((await lab.get(path)).status).toBe(404)
})

describe('is refused, and leaves nothing:', () => {
  const TOO_LARGE = 3 * MIB + 1
  const refusals: readonly (readonly [string, () => Test, number, string])[] = [
    [
      'two files',
      () => post().attach('file', Buffer.from('1'), 'a').attach('file', Buffer.from('2'), 'b'),
      400,
      'BODY_INVALID',
    ],
    [
      'a file and a text',
      () => post().field('text', '1').attach('file', Buffer.from('2'), 'b'),
      400,
      'BODY_INVALID',
    ],
    [
      'nothing',
      () => post().field('text', '').attach('file', Buffer.alloc(0), { filename: '' }),
      400,
      'PASTE_EMPTY',
    ],
    ['no field at all', () => form(), 400, 'PASTE_EMPTY'],
    ['another field', () => post().field('text', 'x').field('colour', 'red'), 400, 'BODY_INVALID'],
    [
      'a file in another field',
      () => post().field('text', 'x').attach('upload', Buffer.from('2'), 'b'),
      400,
      'BODY_INVALID',
    ],
    [
      'a field that comes twice',
      () => post().field('text', 'x').field('burn', 'true').field('burn', 'true'),
      400,
      'BODY_INVALID',
    ],
    ['a field without a name', () => form(['name="text"', 'x'], ['nothing="x"', 'y']), 400, 'BODY_INVALID'],
    ['a long field', () => post().field('text', 'x').field('name', 'n'.repeat(2000)), 400, 'BODY_INVALID'],
    [
      'many fields',
      () => form(...Array.from({ length: 20 }, (_, i) => [`name="f${i}"`, 'x'] as const)),
      400,
      'BODY_INVALID',
    ],
    [
      'many files',
      () => form(...Array.from({ length: 20 }, () => ['name="file"', ''] as const)),
      400,
      'BODY_INVALID',
    ],
    [
      'a lifetime that is none',
      () => post().field('text', 'x').field('expires_in', '1 day'),
      400,
      'EXPIRY_INVALID',
    ],
    [
      'a private paste of nobody',
      () => post().field('text', 'x').field('private', 'true'),
      403,
      'OWNER_MISSING',
    ],
    ['too large a file', () => post().attach('file', Buffer.alloc(TOO_LARGE), 'a'), 413, 'PASTE_TOO_LARGE'],
    ['too large a text', () => post().field('text', 'x'.repeat(TOO_LARGE)), 413, 'PASTE_TOO_LARGE'],
    ['no boundary', () => post().set('Content-Type', 'multipart/form-data').send('x'), 400, 'BODY_INVALID'],
    [
      'another boundary',
      () => form(['name="text"', 'x']).set('Content-Type', 'multipart/form-data; boundary=y'),
      400,
      'BODY_INVALID',
    ],
    [
      'no end',
      () =>
        post()
          .set('Content-Type', 'multipart/form-data; boundary=x')
          .send('--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nhalf'),
      400,
      'BODY_INVALID',
    ],
    [
      'no end of a head',
      () =>
        post()
          .set('Content-Type', 'multipart/form-data; boundary=x')
          .send('--x\r\nContent-Disposition: form-'),
      400,
      'BODY_INVALID',
    ],
    [
      'a head without an end',
      () =>
        post()
          .set('Content-Type', 'multipart/form-data; boundary=x')
          .send(`--x\r\nX: ${'y'.repeat(100_000)}`),
      400,
      'BODY_INVALID',
    ],
  ]
  it.each(refusals)('%s', async (_, send, status, code) => {
    const before = files()
    const answer = await send()
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([status, code])
    expect(JSON.parse(answer.text).detail.length).toBeLessThan(700)
    expect(files()).toEqual(before)
  })
})

it('whoever hangs up in the middle of a form leaves nothing', async () => {
  await using served = await serve(lab)
  const before = files().length
  const type = { 'Content-Type': 'multipart/form-data; boundary=x' }
  const sending = served.open({ ...NOBODY, ...type })
  sending.on('error', () => {})
  sending.write('--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nhalf')
  await expect.poll(files).toHaveLength(before + 1)
  sending.destroy()
  await expect.poll(files).toHaveLength(before)
  expect(lab.lines.filter(({ severity }) => severity === 'error')).toEqual([])
})

it.each([
  ['announced', { 'Content-Length': String(3 * MIB + 200_000) }],
  ['not announced', {}],
])(
  'a form, %s, is refused as soon as its file is too large, and the connection goes on',
  async (_, length) => {
    await using served = await serve(lab)
    const type = { 'Content-Type': 'multipart/form-data; boundary=x' }
    const sending = served.open({ ...NOBODY, ...type, ...length })
    const head = '--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n'
    sending.write(head)
    sending.write(Buffer.alloc(3 * MIB + 4096))
    expect(await answerTo(sending)).toMatchObject({ status: 413, json: { code: 'PASTE_TOO_LARGE' } })
    const { socket } = sending
    sending.end(Buffer.alloc(200_000 - 4096 - head.length))
    await once(sending, 'close')
    const next = served.open({ ...NOBODY, 'Content-Length': '4' })
    next.end('text')
    expect((await answerTo(next)).status).toBe(201)
    expect(next.socket).toBe(socket)
  },
)
