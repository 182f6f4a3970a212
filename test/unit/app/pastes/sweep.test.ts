// Promise: what has expired is refused at once and removed soon; what a crash has left is removed, and what it lost is said.
import { readdirSync, rmSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openContentFolder } from '../../../../app/pastes/content-folder.ts'
import { openPastebin } from '../../../../app/pastes/pastebin.ts'
import { type ApiLab, apiLab, OPERATOR } from '../api-lab.ts'

const DAY = 86_400_000
let lab: ApiLab
let ahead: number
beforeEach(async () => {
  ahead = 0
  // Certificates of the lab are of the real time, and live longer than any paste.
  lab = await apiLab({ now: () => new Date(Date.now() + ahead) })
})
afterEach(() => lab[Symbol.asyncDispose]())

const folder = () => lab.pastebin.folder.path
const files = () => readdirSync(folder())
async function made(content: string, query = ''): Promise<{ id: string; sha256: string }> {
  return (await lab.paste(lab.grace.headers, content, query)).body
}
async function codeOf(id: string): Promise<readonly [number, string | undefined]> {
  const { status, text } = await lab.get(`/pastes/${id}/raw`)
  return [status, status === 200 ? text : JSON.parse(text).code]
}

describe('a paste that has expired', () => {
  it('is refused before anything has looked at it, and is in no list', async () => {
    const { id } = await made('text', '?expires_in=60')
    ahead = 60_001
    for (const path of [`/pastes/${id}`, `/pastes/${id}/raw`]) {
      const answer = await lab.get(path, lab.grace.headers)
      expect([answer.status, JSON.parse(answer.text).code]).toEqual([410, 'PASTE_EXPIRED'])
    }
    expect((await lab.get('/pastes', lab.grace.headers)).body.pastes).toEqual([])
    expect(files()).toHaveLength(1)
  })

  it('loses its content, and is known as expired for a month', async () => {
    const { id } = await made('text', '?expires_in=60')
    const kept = await made('kept')
    ahead = 60_001
    await lab.pastebin.expire()
    expect(files()).toEqual([kept.sha256])
    expect(await codeOf(id)).toEqual([410, 'PASTE_EXPIRED'])
    ahead = 29 * DAY
    await lab.pastebin.expire()
    expect(await codeOf(id)).toEqual([410, 'PASTE_EXPIRED'])
    ahead = 31 * DAY
    await lab.pastebin.expire()
    expect(await codeOf(id)).toEqual([404, 'PASTE_UNKNOWN'])
    expect(files()).toEqual([])
  })

  it('leaves the content to another paste that has it', async () => {
    await made('same', '?expires_in=60')
    const { id } = await made('same', '?expires_in=600')
    ahead = 60_001
    await lab.pastebin.expire()
    expect(await codeOf(id)).toEqual([200, 'same'])
  })

  it('is in the trail together with all the others of that time', async () => {
    for (const content of ['1', '22', '333']) await made(content, '?expires_in=60')
    await lab.pastebin.expire()
    expect(await lab.events('PASTE_EXPIRED')).toEqual([])
    ahead = 60_001
    await lab.pastebin.expire()
    await lab.pastebin.expire()
    expect(await lab.events('PASTE_EXPIRED')).toMatchObject([{ count: 3, octets: 6, actor: null }])
  })

  it('however many they are', async () => {
    const row = { ...(await lab.store.pastes.find((await made('x', '?expires_in=60')).id)) }
    await lab.store.transaction(async ({ pastes }) => {
      for (let i = 0; i < 1201; i += 1) await pastes.add({ ...row, id: String(i) } as never)
    })
    ahead = 60_001
    await lab.pastebin.expire()
    expect((await lab.events('PASTE_EXPIRED')).map(({ count }) => count)).toEqual([500, 500, 202])
    expect(files()).toEqual([])
  })
})

describe('what a crash has left', () => {
  const ALIEN = `${'0'.repeat(32)}.1@elsewhere.new`
  const mine = (pid: number) => `${'0'.repeat(32)}.${pid}@${hostname()}.new`
  const NOBODYS_PID = 4_194_304

  it('a content without a paste is removed', async () => {
    const { sha256 } = await made('kept')
    writeFileSync(join(folder(), 'A'.repeat(64)), 'orphan')
    writeFileSync(join(folder(), 'README'), 'not ours')
    await lab.pastebin.tidy()
    expect(files().toSorted()).toEqual([sha256, 'README'].toSorted())
  })

  it.each([
    ['of a process that is no more', mine(NOBODYS_PID), 0, false],
    ['of an earlier process with our number', mine(process.pid), 0, false],
    ['of another process that lives', mine(process.ppid), 2, true],
    ['of another machine, and recent', ALIEN, 0, true],
    ['of another machine, and untouched for hours', ALIEN, 2, false],
  ])('half a content %s', async (_, name, hours, stays) => {
    const path = join(folder(), name)
    writeFileSync(path, 'half')
    const then = new Date(Date.now() - hours * 3_600_000)
    utimesSync(path, then, then)
    await lab.pastebin.tidy()
    expect(files()).toEqual(stays ? [name] : [])
    if (stays) unlinkSync(path)
  })

  it('and not what is just being sent', async () => {
    const receive = await lab.pastebin.admit({ identity: { level: 'admin' } } as never, 0)
    const { promise: goOn, resolve } = Promise.withResolvers<void>()
    const received = receive(
      (async function* () {
        yield Buffer.from('half')
        await goOn
        yield Buffer.from('whole')
      })(),
    )
    await expect.poll(files).toHaveLength(1)
    await lab.pastebin.tidy()
    expect(files()).toHaveLength(1)
    resolve()
    await using content = await received
    expect(content.size).toBe(9)
  })

  it('a paste without its content is reported, and is a fault of ours', async () => {
    const { id, sha256 } = await made('lost')
    rmSync(join(folder(), sha256))
    await lab.pastebin.tidy()
    const said = lab.lines.filter(({ kind }) => kind === 'pastes')
    expect(said).toMatchObject([{ severity: 'error', trouble: 'a paste has lost its content', sha256 }])
    expect(await codeOf(id)).toEqual([500, 'INTERNAL'])
    expect(lab.lines.find(({ msg }) => msg === 'request failed')).toMatchObject({
      err: { message: `The paste ${id} has lost its content.` },
    })
  })

  it('of many contents exactly those without a paste', async () => {
    const kept: string[] = []
    for (let i = 0; i < 3; i += 1) kept.push((await made(String(i))).sha256)
    for (let i = 0; i < 1100; i += 1)
      writeFileSync(join(folder(), i.toString(16).toUpperCase().padStart(64, '0')), '')
    await lab.pastebin.tidy()
    expect(files().toSorted()).toEqual(kept.toSorted())
  })
})

it('however creating and deleting one content mix, no paste loses it', async () => {
  const { headers } = lab.grace
  const rounds = Array.from({ length: 6 }, async () => {
    for (let i = 0; i < 15; i += 1) {
      const { body } = await lab.paste(headers, 'the same')
      expect(await codeOf(body.id)).toEqual([200, 'the same'])
      await lab.send('delete', `/pastes/${body.id}`, headers)
    }
  })
  await Promise.all(rounds)
  expect(files()).toEqual([])
  expect(lab.lines.filter(({ severity }) => severity === 'error')).toEqual([])
})

describe('while a paste is kept', () => {
  /** Keeps one with a store whose transactions end as the test says. */
  async function keepWith(transaction: ApiLab['store']['transaction']) {
    const folder = openContentFolder(lab.pastebin.folder.path)
    const store = { ...lab.store, transaction }
    const bin = openPastebin({ ...lab.context, store, folder, total: 1e9, onTrouble: () => {} })
    await using received = await (await bin.admit(OPERATOR, 0))(Readable.from([Buffer.from('text')]))
    const createdAt = Date.now()
    const terms = { isPrivate: false, isBurning: false, createdAt, expiresAt: createdAt + 60_000 }
    await bin.keep(OPERATOR, received, { terms, mediaType: 'text/plain', fileName: null })
  }
  const rows = () => lab.store.pastes.list({ now: Date.now(), limit: 10 })

  it('its content is there as soon as its row is, should the process die at that moment', async () => {
    const { store } = lab
    const died = keepWith(async work => {
      await store.transaction(work)
      throw new Error('killed')
    })
    await expect(died).rejects.toThrow('killed')
    expect(files()).toEqual((await rows()).map(({ sha256 }) => sha256))
    expect(files()).toHaveLength(1)
  })

  it('its content goes again when the store does not take its row', async () => {
    const { store } = lab
    const refused = keepWith(work =>
      store.transaction(async within => {
        await work(within)
        throw new Error('full')
      }),
    )
    await expect(refused).rejects.toThrow('full')
    expect([await rows(), files()]).toEqual([[], []])
  })
})

it('a paste whose row is not written leaves no content', async () => {
  await lab.store[Symbol.asyncDispose]()
  const answer = await lab.paste(lab.grace.headers, 'text')
  expect(answer.status).toBe(503)
  expect(files()).toEqual([])
})
