// Promise: a proxy, and nobody else, gets the list of revoked certificates: whole, signed, and at once when it changes.
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import express from 'express'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createProxies } from '../../../../app/authority/proxies.ts'
import type { ProxyList } from '../../../../app/store/store.ts'
import { proxyListRouter } from '../../../../app/web/proxy-list-router.ts'
import { NOON } from '../../../support/store/rows.ts'
import { type ApiLab, apiLab, type Headers, NOBODY, OPERATOR, type Person, presenting } from '../api-lab.ts'
import { contract, SECRET } from '../lab.ts'

const NONCE = '0123456789abcdefABCDEF'
const PROXY = { 'X-Proxy-Secret': SECRET, 'X-SSL-Client-Verify': 'NONE' }

let lab: ApiLab
beforeAll(async () => {
  lab = await apiLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

const pathOf = (query: Record<string, unknown> = {}) =>
  `/pki/revoked?${new URLSearchParams({ nonce: NONCE, proxy: 'nginx', ...query })}`

const serialOf = ({ certificate }: Person) => certificate.serialNumber

interface List {
  readonly to: number
  readonly changes: readonly string[]
}

/** As a proxy reads it: whatever is not as it should be is an error. */
function read(body: string, from: number, secret = SECRET): List {
  const [, signed = '', to, changes = '', hmac] =
    /^(gatehouse-revoked 1\nnonce \w+\nfrom \d+\nto (\d+)\n((?:[+-](?:[0-9A-F]{2}){1,20}\n)*))hmac ([0-9a-f]{64})\n$/.exec(
      body,
    ) ?? []
  expect(hmac).toBe(createHmac('sha256', secret).update(signed).digest('hex'))
  expect(signed).toContain(`\nnonce ${NONCE}\nfrom ${from}\n`)
  return { to: Number(to), changes: changes.split('\n').slice(0, -1) }
}

async function ask(from: number, query: Record<string, unknown> = {}, of = lab): Promise<List> {
  const answer = await of.get(pathOf({ after: from, ...query }), PROXY)
  expect([answer.status, answer.text]).toEqual([200, expect.stringMatching(/^gatehouse/)])
  return read(answer.text, from)
}

describe('a proxy gets', () => {
  it('the whole list, and then what has changed of it', async () => {
    await using lab = await apiLab()
    const whole = await ask(0, {}, lab)
    expect(whole.changes).toEqual([])
    const wish = { serial: serialOf(lab.grace), reason: 'certificateHold' } as const
    await lab.authority.revoke(OPERATOR, wish)
    const { to, changes } = await ask(whole.to, {}, lab)
    expect(changes).toEqual([`+${serialOf(lab.grace)}`])
    expect((await ask(0, {}, lab)).changes).toEqual(changes)
    expect(await ask(to, {}, lab)).toEqual({ to, changes: [] })
    await lab.authority.unhold(OPERATOR, serialOf(lab.grace))
    expect((await ask(to, {}, lab)).changes).toEqual([`-${serialOf(lab.grace)}`])
    expect((await ask(0, {}, lab)).changes).toEqual([])
  })

  it('as text that nobody keeps', async () => {
    const { headers } = await lab.get(pathOf(), PROXY)
    expect(headers['content-type']).toMatch(/^text\/plain/)
    expect(headers['cache-control']).toBe('no-store')
  })

  it('all of a list of many pages', async () => {
    await using lab = await apiLab()
    const row = await lab.store.certificates.find(serialOf(lab.grace))
    if (!row) throw new Error('Grace is not on record.')
    const serials = Array.from({ length: 2_500 }, (_, i) => (i + 0x80_0000).toString(16).toUpperCase())
    await lab.store.transaction(async ({ certificates }) => {
      for (const serial of ['00FF', ...serials]) {
        const revocation = { revokedAt: NOON, revocationReason: 'superseded' } as const
        await certificates.record({ ...row, serial, fingerprint256: serial, ...revocation })
      }
    })
    await lab.store.proxyList.refresh()
    const { changes } = await ask(0, {}, lab)
    expect(changes.toSorted()).toEqual(['00FF', ...serials].map(serial => `+${serial}`))
  })

  it('a signature with the secret that it has shown, of several that are right', async () => {
    const other = 'A'.repeat(32)
    const router = proxyListRouter({ ...lab, proxySecrets: [SECRET, other] })
    const answer = await request(express().use(router))
      .get(pathOf())
      .set({ ...PROXY, 'X-Proxy-Secret': other })
    read(answer.text, 0, other)
  })

  it('a change at once, while it waits', async () => {
    await using lab = await apiLab()
    const { to } = await ask(0, {}, lab)
    const revocation = { serial: serialOf(lab.grace), reason: 'certificateHold' } as const
    for (const change of [
      () => lab.authority.revoke(OPERATOR, revocation),
      () => lab.authority.unhold(OPERATOR, revocation.serial),
    ]) {
      const { to: from } = await ask(0, {}, lab)
      const waiting = ask(from, { wait: 25 }, lab)
      await vi.waitFor(() => expect(lab.authority.proxies.known()[0]?.generation).toBe(from))
      await change()
      expect((await waiting).changes).toHaveLength(1)
    }
    expect(to).toBeLessThan((await ask(0, {}, lab)).to)
  })

  it('an empty change, when the time is over', async () => {
    const { to } = await ask(0)
    expect(await ask(to, { wait: 1 })).toEqual({ to, changes: [] })
  })

  it('nothing newer when it is ahead of a store that was restored, until that has passed it', async () => {
    await using lab = await apiLab()
    const ahead = 4_000_000_000
    expect(await ask(ahead, {}, lab)).toEqual({ to: ahead, changes: [] })
    await lab.authority.revoke(OPERATOR, { serial: serialOf(lab.grace), reason: 'superseded' })
    expect(await ask(ahead, {}, lab)).toEqual({ to: ahead + 1, changes: [`+${serialOf(lab.grace)}`] })
  })

  it('304 for the generation that it has, as an ordinary client would ask', async () => {
    const first = await lab.get(pathOf(), PROXY)
    const { etag = '' } = first.headers
    expect(etag).toBe(`W/"${read(first.text, 0).to}"`)
    const again = await lab.get(pathOf(), { ...PROXY, 'If-None-Match': etag })
    expect([again.status, again.text, again.headers.etag]).toEqual([304, '', etag])
    expect((await lab.get(pathOf(), { ...PROXY, 'If-None-Match': 'W/"1"' })).status).toBe(
      etag === 'W/"1"' ? 304 : 200,
    )
  })

  it('405 for another method', async () => {
    const answer = await request(lab.app).post(pathOf()).set(PROXY)
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD'])
  })

  it('its answers also where every client needs a certificate', async () => {
    await using strict = await apiLab({ clientCert: 'require' })
    expect((await ask(0, {}, strict)).changes).toEqual([])
    expect((await strict.get(pathOf())).status).toBe(403)
  })
})

describe('there is nothing at this address for', () => {
  const cases: readonly [string, () => Headers][] = [
    ['a client', () => NOBODY],
    ['a client that has a certificate', () => lab.admin.headers],
    ['a client of a proxy that is none of ours', () => ({ ...PROXY, Via: '1.0 fred, 1.1 example' })],
    ['a client of a proxy with an empty name', () => ({ ...PROXY, Via: '' })],
    ['a certificate without Via', () => presenting(lab.admin.certificate, { via: undefined })],
    ['nobody in particular', () => ({})],
    ['no secret', () => ({ 'X-SSL-Client-Verify': 'NONE' })],
    ['another secret', () => ({ ...PROXY, 'X-Proxy-Secret': `${SECRET.slice(1)}0` })],
    ['a part of the secret', () => ({ ...PROXY, 'X-Proxy-Secret': SECRET.slice(1) })],
    ['two secrets', () => ({ ...PROXY, 'X-Proxy-Secret': [SECRET, SECRET] })],
    ['a proxy that says nothing of a certificate', () => ({ 'X-Proxy-Secret': SECRET })],
    ['one that says something else', () => contract({ via: undefined, verify: 'SUCCESS' })],
    ['one that contradicts itself', () => contract({ via: undefined, clientCert: ':AAAA:' })],
  ]

  it.each(cases)('%s', async (_, headers) => {
    const answers = [
      await lab.get(pathOf(), headers()),
      await lab.get('/pki/revoked', headers()),
      await request(lab.app).post(pathOf()).set(headers()),
      await lab.get('/pki/nothing', headers()),
    ]
    const bodies = answers.map(({ status, text }) => [status, { ...JSON.parse(text), requestId: null }])
    expect(bodies[0]).toMatchObject([404, { code: 'NOT_FOUND' }])
    expect(new Set(bodies.map(body => JSON.stringify(body))).size).toBe(1)
  })

  it('whoever guesses, which is on record', async () => {
    await lab.get(pathOf(), { ...PROXY, 'X-Proxy-Secret': 'guess' })
    expect((await lab.events('AUTH_FAILURE')).at(-1)).toMatchObject({ code: 'PROXY_SECRET_WRONG' })
  })
})

describe('a proxy is told what is wrong with', () => {
  it.each([
    ['after', '-1', 'after: must be a number from 0 to 999999999999'],
    ['after', '1.5', 'after: must be'],
    ['after', '0x10', 'after: must be'],
    ['after', '9007199254740993', 'after: must be'],
    ['after', '', 'after: must be'],
    ['nonce', '0123456789abcde', 'nonce: must be 16 to 64 of'],
    ['nonce', 'a'.repeat(65), 'nonce: must be'],
    ['nonce', `${'a'.repeat(16)}\nto 9`, 'nonce: must be'],
    ['wait', '26', 'wait: must be a number from 0 to 25'],
    ['wait', 'a', 'wait: must be'],
    ['proxy', '', 'proxy: must be the name of the proxy'],
    ['proxy', 'Nginx', 'proxy: must be'],
    ['proxy', 'a'.repeat(33), 'proxy: must be'],
    ['since', '1', 'Unrecognized key: "since"'],
  ])('%s=%s', async (name, value, problem) => {
    const answer = await lab.get(pathOf({ [name]: value }), PROXY)
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
    const { code, detail } = JSON.parse(answer.text)
    expect([answer.status, code]).toEqual([400, 'BODY_INVALID'])
    expect(detail).toContain(problem)
  })

  it('a question without nonce and name, or with two of one', async () => {
    expect(JSON.parse((await lab.get('/pki/revoked', PROXY)).text).detail).toMatch(/nonce: .*proxy: /)
    const twice = await lab.get(`${pathOf()}&after=1&after=2`, PROXY)
    expect(JSON.parse(twice.text)).toMatchObject({ status: 400, code: 'BODY_INVALID' })
  })
})

it('what it asks is no line of the access log, but that others ask is one', async () => {
  await using quiet = await apiLab({ logLevel: 'info' })
  const lines = () => quiet.lines.filter(({ kind }) => kind === 'access')
  await quiet.get(pathOf(), PROXY)
  expect(lines()).toEqual([])
  await quiet.get(pathOf())
  expect(lines()).toMatchObject([{ path: '/pki/revoked', status: 404, via: 'nginx' }])
})

describe('what can go wrong on the way', () => {
  const page = (serials: readonly string[]) => serials.map(serial => ({ serial, generation: 7 }))

  /** A server of the router alone, over a list that the test makes. */
  async function serve(over: Partial<ProxyList>) {
    const proxyList = {
      generation: async () => 7,
      raise: async () => undefined,
      refresh: async () => undefined,
      changes: async () => [],
      ...over,
    }
    const proxies = createProxies(proxyList)
    const store = { ...lab.store, proxyList }
    const signals: AbortSignal[] = []
    const authority = {
      proxies: {
        ...proxies,
        follow(...[proxy, waiting]: Parameters<typeof proxies.follow>) {
          signals.push(waiting.signal)
          return proxies.follow(proxy, waiting)
        },
      },
    }
    const errors: unknown[] = []
    const app = express().use(proxyListRouter({ proxySecrets: [SECRET], store, authority }))
    app.use(((error, _request, response, _next) => {
      errors.push(error)
      response.destroy()
    }) as express.ErrorRequestHandler)
    const server = createServer(app).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    return {
      signals,
      errors,
      url: (query: Record<string, unknown> = {}) => `http://127.0.0.1:${port}${pathOf(query)}`,
      async [Symbol.asyncDispose]() {
        server.closeAllConnections()
        server.close()
      },
    }
  }

  it('a client that goes away while it waits is not waited for', async () => {
    await using server = await serve({})
    const asking = get(server.url({ after: 7, wait: 25 }), { headers: PROXY })
    asking.on('error', () => undefined)
    await vi.waitFor(() => expect(server.signals).toHaveLength(1))
    asking.destroy()
    await vi.waitFor(() => expect(server.signals[0]?.aborted).toBe(true))
    expect(server.errors).toEqual([])
  })

  it('a list that breaks off in the middle has no signature', async () => {
    let pages = 0
    await using server = await serve({
      async changes() {
        pages += 1
        if (pages > 1) throw new Error('the store is away')
        return page(Array.from({ length: 1_000 }, () => 'AB'))
      },
    })
    const asking = get(server.url(), { headers: PROXY })
    const [answer] = (await once(asking, 'response')) as [IncomingMessage]
    await expect(text(answer)).rejects.toThrow('aborted')
    expect(server.errors).toMatchObject([{ message: 'the store is away' }])
  })

  it('a client that goes away while it reads ends the reading', async () => {
    let pages = 0
    await using server = await serve({
      async changes() {
        pages += 1
        return page(Array.from({ length: 1_000 }, () => 'AB'.repeat(20)))
      },
    })
    const asking = get(server.url(), { headers: PROXY })
    asking.on('error', () => undefined)
    await once(asking, 'response')
    asking.destroy()
    await vi.waitFor(() => expect(server.signals[0]?.aborted).toBe(true))
    const another = async () => await (await fetch(server.url({ after: 7 }), { headers: PROXY })).text()
    await another()
    const soFar = pages
    await another()
    expect(pages).toBe(soFar)
    expect(server.errors).toEqual([])
  })
})
