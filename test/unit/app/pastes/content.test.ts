// Promise: no paste does anything in a browser: it is saved under a harmless name, and what is shown of it is text.
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiLab, apiLab, type Headers, NOBODY } from '../api-lab.ts'

const TEXT = 'text/plain; charset=utf-8'
const OCTETS = 'application/octet-stream'
const BROWSER: Headers = { ...NOBODY, Accept: 'text/html' }
let lab: ApiLab
beforeAll(async () => {
  lab = await apiLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

async function made(content: string | Buffer, query = '', type = 'text/plain'): Promise<string> {
  const { status, body } = await lab.paste(lab.grace.headers, content, query).set('Content-Type', type)
  expect(status).toBe(201)
  return body.id
}
const raw = (id: string) => lab.get(`/pastes/${id}/raw`, BROWSER).buffer()

describe('a content', () => {
  it.each([
    ['text/plain', TEXT],
    ['text/plain; charset=utf-7', TEXT],
    ['text/html', TEXT],
    ['TEXT/HTML;x=y', TEXT],
    ['text/css', TEXT],
    ['text/javascript', TEXT],
    ['application/json', TEXT],
    ['application/xml', TEXT],
    ['application/xhtml+xml', OCTETS],
    ['application/javascript', OCTETS],
    ['application/pdf', OCTETS],
    ['application/x-www-form-urlencoded', OCTETS],
    ['image/svg+xml', OCTETS],
    ['multipart/x-mixed-replace', OCTETS],
    ['image/png', 'image/png'],
    ['IMAGE/JPEG', 'image/jpeg'],
    ['image/png; charset=x', 'image/png'],
  ])('that is sent as %s is %s', async (sent, kept) => {
    const { headers } = await raw(await made('<script>alert(1)</script>', '', sent))
    expect(headers['content-type']).toBe(kept)
  })

  it('without a type is octets', async () => {
    const { body } = await request(lab.app)
      .post('/pastes')
      .set(NOBODY)
      .unset('Content-Type')
      .send(Buffer.from('x'))
    expect(body.media_type).toBe(OCTETS)
  })

  it.each(['', '?burn'])('is saved and not shown, in a sandbox, for this site only: %j', async query => {
    const { headers } = await raw(await made('<script>alert(1)</script>', query, 'text/html'))
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    })
    expect(headers['content-disposition']).toMatch(/^attachment; /)
    for (const name of ['etag', 'last-modified', 'access-control-allow-origin'])
      expect(headers).not.toHaveProperty(name)
  })

  it.each([
    ['notes.txt', 'notes.txt', 'notes.txt'],
    ['../../etc/passwd', 'passwd', 'passwd'],
    ['C:\\Windows\\win.ini', 'win.ini', 'win.ini'],
    ['a"b\\;c.txt', ';c.txt', '%3Bc.txt'],
    ['quote".txt', 'quote_.txt', 'quote%22.txt'],
    ['50%41.txt', '50_41.txt', '50%2541.txt'],
    ["it's (1)*.txt", "it's (1)*.txt", 'it%27s%20%281%29%2A.txt'],
    ['Übung ☃.txt', '_bung _.txt', '%C3%9Cbung%20%E2%98%83.txt'],
    ['a\r\nSet-Cookie: x=1.txt', 'a__Set-Cookie: x=1.txt', 'a%EF%BF%BD%EF%BF%BDSet-Cookie%3A%20x%3D1.txt'],
    ['evil\u202Etxt.exe', 'evil_txt.exe', 'evil%EF%BF%BDtxt.exe'],
  ])('called %j is saved under a name that is one', async (sent, plain, encoded) => {
    const id = await made('x', `?name=${encodeURIComponent(sent)}`)
    expect((await raw(id)).headers['content-disposition']).toBe(
      `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`,
    )
  })

  it.each(['', '.', '..', '/', 'a/..', '   '])('called %j has no name, and one is made', async sent => {
    const id = await made('x', `?name=${encodeURIComponent(sent)}`, 'image/png')
    expect((await raw(id)).headers['content-disposition']).toContain(`filename="${id}.png"`)
  })

  it('with a long name keeps the beginning of it', async () => {
    const id = await made('x', `?name=${'n'.repeat(300)}`)
    expect((await lab.get(`/pastes/${id}`)).body.name).toBe('n'.repeat(80))
  })
})

describe('in parts', () => {
  it.each([
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['lines=1-2', 200, '0123456789', undefined],
  ])('%s: %i', async (range, status, text, contentRange) => {
    const answer = await raw(await made('0123456789')).set('Range', range)
    expect([answer.status, answer.text, answer.headers['content-range']]).toEqual([
      status,
      text,
      contentRange,
    ])
    expect(answer.headers['accept-ranges']).toBe('bytes')
  })

  it('none of it: 416, which is a problem and no download', async () => {
    const id = await made('0123456789')
    const answer = await lab.get(`/pastes/${id}/raw`).set('Range', 'bytes=10-')
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([416, 'RANGE_INVALID'])
    expect(answer.headers['content-range']).toBe('bytes */10')
    expect(answer.headers).not.toHaveProperty('content-disposition')
  })

  it('HEAD: what there is, and none of it', async () => {
    const answer = await request(lab.app)
      .head(`/pastes/${await made('0123456789')}/raw`)
      .set(NOBODY)
    expect([answer.status, answer.headers['content-length'], answer.text]).toEqual([200, '10', undefined])
  })
})

describe('the page', () => {
  const pageOf = async (id: string, headers: Headers = BROWSER) =>
    (await lab.get(`/pastes/${id}`, headers)).text

  it('shows the beginning of a text, in which markup stays text and what would do harm is replaced', async () => {
    const html = '<script>alert(1)</script>\n\tif (x) { \u202e} \u001b[2J\r\n"</pre>'
    const text = await pageOf(await made(html, `?name=${encodeURIComponent('<b>.html')}`, 'text/html'))
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;\n\tif (x) { \uFFFD} \uFFFD[2J\n')
    expect(text).toContain('<h1>&lt;b&gt;.html</h1>')
    expect(text).not.toMatch(/<script|<b>|\p{Cf}|[^\P{Cc}\n\t]/u)
    expect(text.match(/<\/pre>/g)).toHaveLength(1)
  })

  it('shows the beginning only, and no half characters', async () => {
    const text = await pageOf(await made(`x${'Ä'.repeat(100_000)}`))
    expect(text).toContain(`<pre tabindex="0">x${'Ä'.repeat(8191)}</pre>`)
    expect(text).toContain('This is its beginning.')
  })

  it.each([
    ['image/png', 'x'],
    [OCTETS, 'x'],
  ])('shows nothing of %s', async (type, content) => {
    expect(await pageOf(await made(content, '', type))).not.toContain('<pre')
  })

  it('shows nothing of a private paste to an administrator, who may delete it', async () => {
    const id = await made('for my eyes', '?private')
    const text = await pageOf(id, { ...lab.admin.headers, ...BROWSER, ...lab.admin.headers })
    expect(text).not.toMatch(/for my eyes|\/raw"/)
    expect(text).toContain(`pastes/${id}/delete`)
    expect(await pageOf(id, { ...BROWSER, ...lab.grace.headers })).toContain('for my eyes')
  })

  it('of all pastes has a form for everybody and a list for owners', async () => {
    await made('mine', '?name=mine.txt')
    const nobody = (await lab.get('/pastes', BROWSER)).text
    expect(nobody).toMatch(/up to\s+3 MiB and lives a day/)
    expect(nobody).toContain('enctype="multipart/form-data"')
    expect(nobody).not.toMatch(/name="private"|Yours|mine\.txt/)
    const grace = (await lab.get('/pastes', { ...BROWSER, ...lab.grace.headers })).text
    expect(grace).toMatch(/up to\s+50 MiB and lives 30 days/)
    expect(grace).toMatch(/name="private"[\s\S]*Yours[\s\S]*mine\.txt/)
    const all = (await lab.get('/pastes?all&limit=1', { ...BROWSER, ...lab.admin.headers })).text
    expect(all).toMatch(/<h2>All<\/h2>[\s\S]*pastes\?all&amp;after=[0-9a-f]{32}"/)
  })

  it('of problems is a page as well', async () => {
    const answer = await lab.get(`/pastes/${'0'.repeat(32)}`, BROWSER)
    expect([answer.status, answer.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8'])
    expect(answer.text).toContain('PASTE_UNKNOWN')
  })
})
