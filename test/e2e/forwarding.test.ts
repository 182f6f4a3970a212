// Requests and answers pass whole, over few connections, with what the proxy itself knows and no more.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request as requestHttps } from 'node:https'
import { describe, expect, inject, it } from 'vitest'
import { ask, type Echo, HOST, person, received, sendRaw, sendUntilAnswered } from '../support/ask.ts'
import { fronts, proxies } from '../support/fronts.ts'
import { useStack } from '../support/stack.ts'

const MIB = 1024 * 1024

describe.each(proxies)('$name', front => {
  const stack = useStack(front, { backend: 'echo' })

  it.each([1, 2] as const)(
    'the request id of the answer is the one that the back end saw, HTTP/%i',
    async http => {
      const ids = new Set<unknown>()
      for (let i = 0; i < 3; i++) {
        const { headers, body } = await ask(stack(), { http, headers: [['X-Request-Id', 'evil']] })
        expect(received(JSON.parse(body) as Echo, 'X-Request-Id')).toEqual([headers['x-request-id']])
        ids.add(headers['x-request-id'])
      }
      expect(ids.size).toBe(3)
    },
  )

  it.each([
    { method: 'POST', http: 1 as const },
    { method: 'POST', http: 2 as const },
    { method: 'PUT', http: 1 as const },
    { method: 'PATCH', http: 2 as const },
    { method: 'DELETE', http: 1 as const },
  ])('$method passes its body as it is, HTTP/$http', async ({ method, http }) => {
    const body = Array.from({ length: 70_000 }, (_, i) => String.fromCharCode(i % 256)).join('')
    const echo = JSON.parse((await ask(stack(), { method, http, body })).body) as Echo
    expect([echo.method, echo.body === body]).toEqual([method, true])
  })

  it('a body in chunks passes as it is', async () => {
    const chunks = ['a', 'b'.repeat(20_000), '\r\n0\r\n\r\n', 'c'].map(
      text => `${text.length.toString(16)}\r\n${text}\r\n`,
    )
    const head = `POST / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`
    const answer = await sendRaw(stack(), `${head}${chunks.join('')}0\r\n\r\n`)
    expect(answer).toContain(JSON.stringify(`a${'b'.repeat(20_000)}\r\n0\r\n\r\nc`))
  })

  it('a body that comes in one piece with its head passes as it is, beside who sends it', async () => {
    const body = 'a'.repeat(100_000)
    const head = `POST / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`
    const answer = await sendRaw(stack(), head + body, { as: person('grace') })
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer).toContain(JSON.stringify(body))
  })

  it('HEAD is answered without a body', async () => {
    expect(await ask(stack(), { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
  })

  it('a body of 1 MiB passes, and one octet more does not', async () => {
    const body = 'a'.repeat(MIB)
    expect((await ask(stack(), { method: 'POST', body })).status).toBe(200)
    const head = `POST / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n`
    // Refused by what is announced: not an octet of it has to be sent.
    const answer = await sendUntilAnswered(
      stack(),
      `${head}Expect: 100-continue\r\nContent-Length: ${MIB + 1}\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  })

  it.each([1, 2] as const)(
    'requests one after the other and at once share few connections, HTTP/%i',
    async http => {
      const connections = new Set<string>()
      const one = async () => {
        connections.add((JSON.parse((await ask(stack(), { http })).body) as Echo).connection)
      }
      for (let i = 0; i < 40; i++) await one()
      // nginx keeps those of each of its processes, Apache likewise.
      expect(connections.size).toBeLessThanOrEqual(12)
      for (let i = 0; i < 5; i++) await Promise.all(Array.from({ length: 8 }, one))
      expect(connections.size).toBeLessThanOrEqual(30)
    },
  )

  it('keeps the connection of a client, for more requests than a hundred', async () => {
    const agent = new Agent({
      keepAlive: true,
      maxSockets: 1,
      ca: readFileSync(`${inject('keys')}/root.pem`),
      servername: HOST,
    })
    const ports = new Set<number | undefined>()
    for (let i = 0; i < 150; i++) {
      const request = requestHttps({ agent, host: '127.0.0.1', port: stack().port, headers: { host: HOST } })
      const [response] = await once(request.end(), 'response')
      ports.add(response.socket.localPort)
      await response.resume().toArray()
    }
    agent.destroy()
    expect(ports.size).toBe(1)
  })
})

const ANSWERS = [
  { what: 'a greeting', request: `GET / HTTP/1.1\r\nHost: ${HOST}\r\n`, status: 200 },
  { what: 'nothing there', request: `GET /nothing HTTP/1.1\r\nHost: ${HOST}\r\n`, status: 404 },
  { what: 'a wrong method', request: `DELETE / HTTP/1.1\r\nHost: ${HOST}\r\n`, status: 405 },
  {
    what: 'a body too large',
    request: `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 9999999\r\n`,
    status: 413,
  },
  { what: 'another host', request: 'GET / HTTP/1.1\r\nHost: evil.example\r\n', status: 421 },
]

describe.each(fronts)('$name, before the application', front => {
  const stack = useStack(front)

  it.each(ANSWERS)('$what: HSTS, and no version of anything', async ({ request, status }) => {
    const answer = await sendUntilAnswered(stack(), `${request}Connection: close\r\n\r\n`)
    const [head = ''] = answer.split('\r\n\r\n')
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(head.match(/^strict-transport-security: max-age=63072000/gim)).toHaveLength(1)
    if (front.name !== 'direct') expect(head.match(/^x-request-id: \S{20,}$/gim)).toHaveLength(1)
    expect(head).not.toMatch(/^x-powered-by:/im)
    expect(head).not.toMatch(/^via:/im)
    expect(/^server: (.*)$/im.exec(head)?.[1] ?? '').toMatch(/^(Apache|nginx)?\r?$/)
    expect(answer).not.toMatch(/(apache|nginx|haproxy|openssl|debian)\/?[ -]?\d/i)
  })
})
