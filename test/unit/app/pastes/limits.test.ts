// Promise: nobody keeps more, larger or longer than his level allows, and what is refused leaves nothing behind.
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ApiLab, apiLab, type Headers, NOBODY, OPERATOR, STRANGER } from '../api-lab.ts'
import { contract } from '../lab.ts'
import { answerTo, type Served, serve } from './serve.ts'

const MIB = 1024 * 1024
let lab: ApiLab
let served: Served
beforeAll(async () => {
  lab = await apiLab()
  served = await serve(lab)
})
afterAll(async () => {
  await served[Symbol.asyncDispose]()
  await lab[Symbol.asyncDispose]()
})
const files = () => readdirSync(lab.pastebin.folder.path)
const outcome = ({ status, text }: { status: number; text: string }) => [status, JSON.parse(text).code]

const SIZES = [
  ['nobody', () => NOBODY, 3],
  ['a self-signed certificate', () => STRANGER, 50],
  ['a trusted certificate', () => lab.grace.headers, 50],
  ['an administrator', () => lab.admin.headers, 50],
] as const

describe.each(SIZES)('the size of a paste of %s', (_, headersOf, mebibytes) => {
  describe.each([
    ['announced', true],
    ['not announced', false],
  ])('%s', (_, isAnnounced) => {
    it(`${mebibytes} MiB are taken`, async () => {
      const { status, json } = await served.send(mebibytes * MIB, headersOf(), isAnnounced)
      expect([status, json.size]).toEqual([201, mebibytes * MIB])
      await lab.send('delete', `/pastes/${json.id}`, lab.admin.headers)
      expect(files()).toEqual([])
    })

    it.each(['keep-alive', 'close'])('one octet more is refused, with the limit: %s', async connection => {
      const headers = { ...headersOf(), Connection: connection }
      const { status, json } = await served.send(mebibytes * MIB + 1, headers, isAnnounced)
      expect([status, json.code]).toEqual([413, 'PASTE_TOO_LARGE'])
      expect(json.detail).toContain(`${mebibytes} MiB`)
      expect(files()).toEqual([])
    })
  })

  it('one that announces more is refused before any of it came', async () => {
    const sending = served.open({ ...headersOf(), 'Content-Length': String(mebibytes * MIB + 1) })
    sending.flushHeaders()
    expect(await answerTo(sending)).toMatchObject({ status: 413, json: { code: 'PASTE_TOO_LARGE' } })
    sending.destroy()
  })

  it('one that goes on is refused as soon as it is too large, while it is still being sent', async () => {
    const sending = served.open(headersOf())
    for (let i = 0; i < mebibytes; i += 1) sending.write(Buffer.alloc(MIB))
    sending.write('x')
    expect(await answerTo(sending)).toMatchObject({ status: 413, json: { code: 'PASTE_TOO_LARGE' } })
    expect(files()).toEqual([])
    sending.destroy()
  })
})

it('whoever asks first is told whether the paste is wanted', async () => {
  const asking = { ...NOBODY, Expect: '100-continue' }
  const refused = served.open({ ...asking, 'Content-Length': String(3 * MIB + 1) })
  const sent: string[] = []
  refused.on('continue', () => sent.push('continue'))
  refused.flushHeaders()
  expect((await answerTo(refused)).status).toBe(413)
  expect(sent).toEqual([])
  const wanted = served.open({ ...asking, 'Content-Length': '4' })
  wanted.flushHeaders()
  await once(wanted, 'continue')
  wanted.end('text')
  expect((await answerTo(wanted)).status).toBe(201)
})

it('whoever asks first is told to go on at every other address, too', async () => {
  const asking = served.open({ ...NOBODY, Expect: '100-continue', 'Content-Length': '2' }, '/register')
  const answered = answerTo(asking)
  asking.flushHeaders()
  await once(asking, 'continue')
  asking.end('{}')
  expect((await answered).status).toBe(415)
})

it.each([
  ['announced', [`Content-Length: ${500 * MIB}`], ''],
  ['not announced', ['Transfer-Encoding: chunked'], '100000\r\n'],
])('what goes on far beyond any paste, %s, is answered and loses its connection', async (_, length, size) => {
  const socket = connect(served.port, '127.0.0.1')
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  socket.on('error', () => {}).once('close', () => resolve())
  let said = ''
  socket.setEncoding('utf8').on('data', text => {
    said += text
  })
  const head = Object.entries(NOBODY).map(([name, value]) => `${name}: ${value}`)
  socket.write(['POST /pastes HTTP/1.1', 'Host: x', ...head, ...length, '', ''].join('\r\n'))
  let sent = 0
  while (!socket.destroyed && sent < 500) {
    const isRoom = socket.write(
      Buffer.concat([Buffer.from(size), Buffer.alloc(MIB), Buffer.from(size && '\r\n')]),
    )
    sent += 1
    if (!isRoom) await Promise.race([once(socket, 'drain').catch(() => {}), ended])
  }
  await ended
  expect(sent).toBeLessThan(150)
  expect(said).toMatch(/^HTTP\/1\.1 413 [\s\S]*PASTE_TOO_LARGE/)
})

it('a connection that ends before the paste leaves nothing', async () => {
  const before = files().length
  const sending = served.open({ ...NOBODY, 'Content-Length': '1000' })
  sending.on('error', () => {})
  sending.write('half')
  await expect.poll(files).toHaveLength(before + 1)
  sending.destroy()
  await expect.poll(files).toHaveLength(before)
})

describe('how long a paste lives', () => {
  it.each([
    ['nobody', () => NOBODY, 86_400],
    ['a self-signed certificate', () => STRANGER, 604_800],
    ['a trusted certificate', () => lab.grace.headers, 2_592_000],
  ] as const)('%s: %i seconds at most', async (_, headersOf, most) => {
    for (const seconds of [1, 60, most]) {
      const { status, body } = await lab.paste(headersOf(), 'x', `?expires_in=${seconds}`)
      expect(status).toBe(201)
      expect(Date.parse(body.expires_at) - Date.parse(body.created_at)).toBe(seconds * 1000)
    }
    const answer = await lab.paste(headersOf(), 'x', `?expires_in=${most + 1}`)
    expect(outcome(answer)).toEqual([400, 'EXPIRY_INVALID'])
    expect(JSON.parse(answer.text).detail).toContain(`from 1 to ${most}`)
  })

  it.each(['0', '-1', '1.5', '1e3', '0x10', ' 60', '007', 'P1D', 'NaN', '9'.repeat(20)])(
    'not %j',
    async text => {
      const answer = await lab.paste(lab.admin.headers, 'x', `?expires_in=${encodeURIComponent(text)}`)
      expect(outcome(answer)).toEqual([400, 'EXPIRY_INVALID'])
    },
  )
})

it.each(['?burn=yes', '?private=1', '?colour=red', '?burn&burn', '?expires_in=1&expires_in=2', '?name[x]=1'])(
  'a wish that is none: %s',
  async query => {
    expect(outcome(await lab.paste(lab.grace.headers, 'x', query))).toEqual([400, 'BODY_INVALID'])
  },
)

it('an empty body is no paste', async () => {
  const before = files()
  expect(outcome(await lab.paste(NOBODY, ''))).toEqual([400, 'PASTE_EMPTY'])
  expect((await served.send(0, NOBODY, false)).json.code).toBe('PASTE_EMPTY')
  expect(files()).toEqual(before)
})

it.each(['text', 'text/', '/plain', 'text/pl ain', 'tëxt/plain'])(
  'what is no media type is not taken: %s',
  async type => {
    const answer = await lab.paste(NOBODY, 'x').set('Content-Type', Buffer.from(type).toString('latin1'))
    expect(outcome(answer)).toEqual([415, 'MEDIA_TYPE_UNSUPPORTED'])
  },
)

it('a body that is packed is not taken: nobody could unpack it afterwards', async () => {
  const answer = await lab.paste(NOBODY, 'x').set('Content-Encoding', 'gzip')
  expect(outcome(answer)).toEqual([415, 'MEDIA_TYPE_UNSUPPORTED'])
})

describe('all pastes together', () => {
  const total = 10 * MIB
  const full = (headers: Headers, content: Buffer, of: ApiLab) => of.paste(headers, content).then(outcome)

  it('have room for so much, each counted with a block of the disk; strangers have half of it', async () => {
    await using small = await apiLab({ pastes: { total } })
    const block = 4096
    expect((await small.paste(STRANGER, Buffer.alloc(5 * MIB - block - 1))).status).toBe(201)
    // One octet is left for them, and not the block that it takes.
    expect(await full(NOBODY, Buffer.alloc(1), small)).toEqual([507, 'STORAGE_FULL'])
    const { status, body } = await small.paste(small.grace.headers, Buffer.alloc(5 * MIB - block))
    expect(status).toBe(201)
    expect(await full(small.admin.headers, Buffer.alloc(1), small)).toEqual([507, 'STORAGE_FULL'])
    await small.send('delete', `/pastes/${body.id}`, small.admin.headers)
    expect((await small.paste(small.admin.headers, Buffer.alloc(1))).status).toBe(201)
    expect(readdirSync(small.pastebin.folder.path)).toHaveLength(2)
  })

  it('count while they are still coming', async () => {
    await using small = await apiLab({ pastes: { total } })
    await using there = await serve(small)
    const { headers } = small.grace
    const first = there.open(headers)
    first.write(Buffer.alloc(6 * MIB))
    await expect.poll(() => readdirSync(small.pastebin.folder.path)).toHaveLength(1)
    const second = there.open(headers)
    second.write(Buffer.alloc(6 * MIB))
    const answers = [first, second].map(answerTo)
    const { status } = await Promise.race(answers)
    expect(status).toBe(507)
    for (const each of [first, second]) each.end()
    expect((await Promise.all(answers)).map(answer => answer.status).toSorted()).toEqual([201, 507])
  })
})

it('have room for those that are there when a paste is kept, not only when it came', async () => {
  await using small = await apiLab({ pastes: { total: 10 * MIB } })
  const { pastebin } = small
  const send = async () => await (await pastebin.admit(OPERATOR, 0))(Readable.from([Buffer.alloc(6 * MIB)]))
  await using first = await send()
  await using second = await send()
  const createdAt = Date.now()
  const terms = { isPrivate: false, isBurning: false, createdAt, expiresAt: createdAt + 60_000 }
  const paste = { terms, mediaType: 'text/plain', fileName: null }
  await pastebin.keep(OPERATOR, first, paste)
  await expect(pastebin.keep(OPERATOR, second, paste)).rejects.toMatchObject({ code: 'STORAGE_FULL' })
  expect(await small.events('PASTE_CREATED')).toHaveLength(1)
})

it('strangers may make so many a minute from one address, and others as many as they ask for', async () => {
  await using slow = await apiLab({ pastes: { perMinute: 2 } })
  const from = (forwardedFor: string) => contract({ forwardedFor })
  const statuses = []
  for (const headers of [from('192.0.2.1'), from('192.0.2.1'), from('192.0.2.1'), from('192.0.2.2')])
    statuses.push((await slow.paste(headers, 'x')).status)
  expect(statuses).toEqual([201, 201, 429, 201])
  for (let i = 0; i < 4; i += 1) expect((await slow.paste(slow.grace.headers, 'x')).status).toBe(201)
})
