// Every level pastes through every front what its row of the table of levels allows, up to the last octet, and no more.
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { ask, type ClientKeys, HOST, person } from '../support/ask.ts'
import { call } from '../support/enrol.ts'
import { fronts } from '../support/fronts.ts'
import { sendPaste } from '../support/send-paste.ts'
import { useStack } from '../support/stack.ts'
import { makeOwn, pemOf } from '../unit/app/lab.ts'
import { type Home, makeHome } from '../unit/cli/lab.ts'

const MIB = 1024 * 1024
const DAY = 86_400_000
const JSON_ONLY = [['Accept', 'application/json']] as const

describe.each(fronts)('$name', front => {
  const stack = useStack(front)
  const versions = front.name === 'direct' ? ([1] as const) : ([1, 2] as const)
  let stranger: ClientKeys
  beforeAll(async () => {
    stranger = pemOf(await makeOwn([{ type: 'CN', value: 'Grace Hopper' }]))
  })

  const who = {
    anonymous: () => undefined,
    untrusted: () => stranger,
    trusted: () => person('grace'),
    admin: () => person('admin'),
  }
  type Level = keyof typeof who
  const LEVELS = Object.keys(who) as Level[]
  const OTHER = {
    anonymous: 'trusted',
    untrusted: 'trusted',
    trusted: 'untrusted',
    admin: 'trusted',
  } as const

  async function paste(
    level: Level,
    content: string,
    query = '',
  ): Promise<Readonly<Record<string, unknown>>> {
    const headers = [...JSON_ONLY, ['Content-Type', 'text/plain']] as const
    const options = { as: who[level](), method: 'POST', path: `/pastes${query}`, body: content, headers }
    const answer = await ask(stack(), options)
    expect(answer.status).toBe(201)
    return JSON.parse(answer.body)
  }
  const raw = (level: Level, id: unknown) => ask(stack(), { as: who[level](), path: `/pastes/${id}/raw` })
  async function remove(level: Level, id: unknown) {
    const options = { as: who[level](), method: 'DELETE', path: `/pastes/${id}`, headers: JSON_ONLY }
    const { status, body } = await ask(stack(), options)
    return [status, JSON.parse(body).code]
  }

  describe.each(LEVELS)('%s', level => {
    const { days } = {
      anonymous: { days: 1 },
      untrusted: { days: 7 },
      trusted: { days: 30 },
      admin: { days: 30 },
    }[level]
    const owns = level !== 'anonymous'

    it('makes, reads, lists and deletes', async () => {
      const made = await paste(level, 'text')
      expect(Date.parse(String(made.expires_at)) - Date.parse(String(made.created_at))).toBe(days * DAY)
      for (const reader of LEVELS) expect((await raw(reader, made.id)).body).toBe('text')
      const { status, json } = await call(stack(), '/pastes', { as: who[level]() })
      if (owns) expect(json.pastes).toMatchObject([{ id: made.id, yours: true }])
      else expect([status, json.code]).toEqual([401, 'CERT_MISSING'])
      const all = await call(stack(), '/pastes?all', { as: who[level]() })
      expect(all.status).toBe({ anonymous: 401, untrusted: 403, trusted: 403, admin: 200 }[level])
      expect(await remove('anonymous', made.id)).toEqual([401, 'CERT_MISSING'])
      expect(await remove(OTHER[level], made.id)).toEqual([403, 'PASTE_NOT_YOURS'])
      expect(await remove(owns ? level : 'admin', made.id)).toEqual([200, undefined])
      expect((await raw('admin', made.id)).status).toBe(404)
    })

    it('keeps a private one from others', async () => {
      if (!owns) {
        const options = { method: 'POST', path: '/pastes?private', body: 'x', headers: JSON_ONLY }
        expect((await ask(stack(), options)).status).toBe(403)
        return
      }
      const { id } = await paste(level, 'secret', '?private')
      expect((await raw(level, id)).body).toBe('secret')
      expect((await raw('anonymous', id)).status).toBe(404)
      expect((await raw(OTHER[level], id)).status).toBe(404)
      expect(await remove(level, id)).toEqual([200, undefined])
    })
  })

  it('gives what burns to one of two who come at once', async () => {
    const { id } = await paste('trusted', 'burns', '?burn')
    const head = await ask(stack(), { path: `/pastes/${id}/raw`, method: 'HEAD' })
    const page = await ask(stack(), { path: `/pastes/${id}`, headers: [['Accept', 'text/html']] })
    expect([head.status, page.status]).toEqual([200, 200])
    const answers = await Promise.all([raw('anonymous', id), raw('admin', id)])
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 410])
    expect(answers.filter(({ body }) => body === 'burns')).toHaveLength(1)
  })

  it('gives a content that does nothing in a browser', async () => {
    const headers = [['Content-Type', 'text/html'], ...JSON_ONLY] as const
    const made = await ask(stack(), { method: 'POST', path: '/pastes', body: '<script>', headers })
    const { headers: answered } = await raw('anonymous', JSON.parse(made.body).id)
    expect(answered).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
    })
    expect(answered['content-disposition']).toMatch(/^attachment;/)
  })

  describe.each(versions)('over HTTP/%i', http => {
    describe.each([
      ['announced', true],
      ['not announced', false],
    ])('%s', (_, isAnnounced) => {
      const send = (level: Level, octets: number) =>
        sendPaste(stack(), { as: who[level](), http, octets, isAnnounced })

      it('takes 3 MiB of nobody, and refuses one octet more', async () => {
        expect(await send('anonymous', 3 * MIB)).toMatchObject({ status: 201, json: { size: 3 * MIB } })
        expect(await send('anonymous', 3 * MIB + 1)).toMatchObject({
          status: 413,
          json: { code: 'PASTE_TOO_LARGE' },
        })
      })

      it('takes 50 MiB of whoever has a certificate, and refuses one octet more', async () => {
        for (const level of ['untrusted', 'trusted'] as const) {
          const { status, json } = await send(level, 50 * MIB)
          expect([status, json.size]).toEqual([201, 50 * MIB])
          await remove(level, json.id)
          expect(await send(level, 50 * MIB + 1)).toMatchObject({
            status: 413,
            json: { code: 'PASTE_TOO_LARGE' },
          })
        }
      })
    })
  })

  if (front.name !== 'direct') {
    it('takes them below a path prefix as well', async () => {
      const sent = { as: who.trusted(), octets: 50 * MIB, isAnnounced: true, prefix: '/app' }
      const { status, json } = await sendPaste(stack(), sent)
      expect([status, json.size]).toEqual([201, 50 * MIB])
      const page = await ask(stack(), { path: `/app/pastes/${json.id}`, headers: [['Accept', 'text/html']] })
      expect(page.body).toContain(`pastes/${json.id}/raw`)
      await remove('trusted', json.id)
    })
  }

  describe('the command', () => {
    let home: Home
    const gatehouse = (...args: string[]) => home.gatehouse([...args, '--json'])
    beforeAll(async () => {
      home = makeHome()
      const server = `https://${HOST}:${stack().port}/`
      await home.gatehouse(['config', 'server', server, '--ca', `${inject('keys')}/root.pem`])
    })
    afterAll(() => home[Symbol.dispose]())

    it('sends 50 MiB and gets them back', async () => {
      const as = ['--cert', `${inject('keys')}/grace.crt`, '--key', `${inject('keys')}/grace.key`]
      const content = randomBytes(50 * MIB)
      const [file, back] = [join(home.path, 'there.bin'), join(home.path, 'back.bin')]
      writeFileSync(file, content)
      const made = await gatehouse('paste', 'create', file, ...as)
      expect(made.exitCode).toBe(0)
      const { id } = JSON.parse(made.stdout)
      expect((await gatehouse('paste', 'get', id, '--output', back)).exitCode).toBe(0)
      expect(readFileSync(back).equals(content)).toBe(true)
      writeFileSync(file, Buffer.concat([content, Buffer.of(0)]))
      const refused = await gatehouse('paste', 'create', file, ...as)
      expect([refused.exitCode, JSON.parse(refused.stdout).error.code]).toEqual([1, 'PASTE_TOO_LARGE'])
      expect((await gatehouse('paste', 'delete', id, ...as)).exitCode).toBe(0)
    })

    it('is told the limit when what it sends goes beyond it', async () => {
      const { exitCode, stdout } = await home.gatehouse(['paste', 'create', '--json'], {
        input: 'x'.repeat(3 * MIB + 1),
      })
      expect([exitCode, JSON.parse(stdout).error.code]).toEqual([1, 'PASTE_TOO_LARGE'])
    })
  })
})
