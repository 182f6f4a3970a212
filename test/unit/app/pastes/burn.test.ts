// Promise: a paste for one reader has exactly one, however many come at once; looking at it is no reading.
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openContentFolder } from '../../../../app/pastes/content-folder.ts'
import { openPastebin } from '../../../../app/pastes/pastebin.ts'
import { openStore } from '../../../../app/store/open-store.ts'
import { temporaryFolder } from '../../../support/lab.ts'
import { type ApiLab, apiLab, NOBODY, OPERATOR } from '../api-lab.ts'
import { serve } from './serve.ts'

let lab: ApiLab
beforeAll(async () => {
  lab = await apiLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

const files = () => readdirSync(lab.pastebin.folder.path)
const raw = (id: string) => lab.get(`/pastes/${id}/raw`)
async function made(content = 'burns', query = '?burn'): Promise<string> {
  return (await lab.paste(lab.grace.headers, content, query)).body.id
}

it('the first has it, and everybody else is told when it was read', async () => {
  const id = await made()
  const first = await raw(id)
  expect([first.status, first.text]).toEqual([200, 'burns'])
  expect(files()).toEqual([])
  for (const path of [`/pastes/${id}/raw`, `/pastes/${id}`]) {
    const answer = await lab.get(path, lab.grace.headers)
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([410, 'PASTE_BURNT'])
    expect(JSON.parse(answer.text).detail).toMatch(/was read at \d{4}-.*Z/)
  }
  const { body } = await lab.get('/pastes?limit=1', lab.grace.headers)
  expect(body.pastes).toMatchObject([{ id, burn: true, burnt_at: expect.any(String) }])
})

it('of twenty at once one has it', async () => {
  const id = await made()
  const answers = await Promise.all(Array.from({ length: 20 }, () => raw(id)))
  const texts = answers.filter(({ status }) => status === 200).map(({ text }) => text)
  expect(texts).toEqual(['burns'])
  expect(answers.filter(({ status }) => status === 410)).toHaveLength(19)
  expect((await lab.events('PASTE_BURNT')).filter(({ paste }) => paste === id)).toHaveLength(1)
})

it('of two processes on one store and folder one has it', async () => {
  using folder = temporaryFolder()
  const url = `sqlite:${join(folder.path, 'store.sqlite')}`
  const now = () => new Date()
  const open = async () => {
    const store = await openStore({ url, now })
    const pastes = openContentFolder(join(folder.path, 'pastes'))
    const onTrouble = (trouble: string) => expect.fail(trouble)
    return { store, bin: openPastebin({ store, now, folder: pastes, total: 1e9, publish() {}, onTrouble }) }
  }
  const [one, other] = [await open(), await open()]
  await using _ = one.store
  await using __ = other.store
  for (let i = 0; i < 10; i += 1) {
    const received = await (await one.bin.admit(OPERATOR, 0))(texts(`content ${i}`))
    const at = now().getTime()
    const terms = { isPrivate: false, isBurning: true, createdAt: at, expiresAt: at + 1e6 }
    const { row } = await one.bin.keep(OPERATOR, received, { terms, mediaType: 'text/plain', fileName: null })
    const ends = await Promise.allSettled([one, other].map(({ bin }) => bin.burn(OPERATOR, row)))
    const readers = ends.filter(end => end.status === 'fulfilled')
    expect(readers).toHaveLength(1)
    for (const { value } of readers) await value.close()
    // The slower one finds no row with a content, or no file: it was opened before, or is gone.
    const [loser] = ends.filter(end => end.status === 'rejected')
    expect(['PASTE_BURNT', 'ENOENT']).toContain(loser?.reason.code)
  }
  expect(readdirSync(join(folder.path, 'pastes'))).toEqual([])
})

async function* texts(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text)
}

describe('nothing burns by', () => {
  const BROWSER = { Accept: 'text/html' }

  it('a look at what is known of it, its page, its list, or a HEAD', async () => {
    const id = await made()
    for (const headers of [NOBODY, { ...NOBODY, ...BROWSER }]) {
      expect((await lab.get(`/pastes/${id}`, headers)).status).toBe(200)
      expect((await lab.get(`/pastes`, { ...headers, ...lab.grace.headers })).status).toBe(200)
    }
    const looked = await request(lab.app).head(`/pastes/${id}/raw`).set(NOBODY)
    expect(looked.status).toBe(200)
    expect(looked.headers).toMatchObject({
      'content-length': '5',
      'content-type': 'text/plain; charset=utf-8',
    })
    expect((await raw(id)).text).toBe('burns')
  })

  it('its page, which shows nothing of it', async () => {
    const id = await made('never on the page')
    const { text } = await lab.get(`/pastes/${id}`, { ...NOBODY, ...BROWSER })
    expect(text).toContain('Download it, once')
    expect(text).not.toContain('never on the page')
    expect((await lab.get(`/pastes/${id}`, lab.grace.headers)).body.sha256).toBeNull()
  })

  it('whoever may not read it', async () => {
    const id = await made('private', '?burn&private')
    expect((await raw(id)).status).toBe(404)
    expect((await lab.get(`/pastes/${id}/raw`, lab.admin.headers)).status).toBe(403)
    expect((await lab.get(`/pastes/${id}/raw`, lab.grace.headers)).text).toBe('private')
  })
})

it('a part is not to be had: the one reader gets all of it', async () => {
  const id = await made('0123456789')
  const answer = await raw(id).set('Range', 'bytes=0-1')
  expect([answer.status, answer.text]).toEqual([200, '0123456789'])
})

it('a reader who hangs up was the one all the same', async () => {
  const before = files()
  const { body } = await lab.paste(lab.grace.headers, Buffer.alloc(20 * 1024 * 1024), '?burn')
  await using served = await serve(lab)
  const path = `/pastes/${body.id}/raw`
  const asking = get({ port: served.port, host: '127.0.0.1', path, headers: NOBODY })
  const [response] = await once(asking, 'response')
  expect(response.headers['content-length']).toBe(String(20 * 1024 * 1024))
  asking.destroy()
  await expect.poll(() => lab.lines.filter(({ aborted }) => aborted)).toHaveLength(1)
  const answer = await raw(body.id)
  expect(JSON.parse(answer.text).code).toBe('PASTE_BURNT')
  expect(files()).toEqual(before)
  // It is nobody's fault here.
  expect(lab.lines.filter(({ severity }) => severity === 'error')).toEqual([])
})
