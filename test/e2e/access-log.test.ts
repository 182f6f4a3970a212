// Each request is one line of JSON in the proxy's log, whatever a client sends; it says who, and gives no secret away.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, inject, it } from 'vitest'
import { HEADER } from '../../proxy-configs/header-contract.ts'
import { ask, HOST, person, sendRaw } from '../support/ask.ts'
import { clientCa, forge, named, pem } from '../support/forge.ts'
import { proxies } from '../support/fronts.ts'
import { makeSelfSigned } from '../support/lab.ts'
import { type Stack, useStack } from '../support/stack.ts'

type Line = Readonly<Record<string, unknown>>

/** The line of one request, by the request identifier that its answer had. */
async function lineOf(stack: Stack, requestId: unknown): Promise<Line> {
  expect(requestId).toMatch(/^[\w@.:+/=-]{16,}$/)
  return JSON.parse(await stack.log.line(line => line.includes(String(requestId)))) as Line
}

/** The only lines that are no JSON are the server's own notices, which begin otherwise. */
function requestLines(stack: Stack): Line[] {
  return stack.log.lines.filter(line => line.startsWith('{')).map(line => JSON.parse(line) as Line)
}

const HOSTILE = [
  '"}',
  '","verify":"SUCCESS","x":"',
  '\\',
  '\\"',
  '\\u0022',
  "'",
  '<script>',
  '%22%0a',
  '\t',
  '\x80\xff',
  '\xc3\xa9',
  '$http_cookie',
  '%{PROXY_SECRET}e',
  '%[env(PROXY_SECRET)]',
]

describe.each(proxies)('$name', ({ name }) => {
  const stack = useStack({ name } as (typeof proxies)[number])

  it('says who has asked, with the serial number and the fingerprint', async () => {
    const grace = person('grace')
    const certificate = new X509Certificate(grace.cert)
    const { headers } = await ask(stack(), { as: grace, path: '/whoami?about=me' })
    const line = await lineOf(stack(), headers['x-request-id'])
    expect(line).toMatchObject({
      proxy: name,
      status: 200,
      verify: 'SUCCESS',
      serial: certificate.serialNumber,
      fingerprint256: certificate.fingerprint256.replaceAll(':', ''),
      tls: 'TLSv1.3',
    })
    expect(Date.parse(String(line.time))).toBeGreaterThan(Date.now() - 60_000)
  })

  it('says what was asked for, and with what', async () => {
    const { headers } = await ask(stack(), {
      path: '/asked?for=this',
      headers: [['User-Agent', 'Curious/1']],
    })
    const line = await lineOf(stack(), headers['x-request-id'])
    expect(line.userAgent).toBe('Curious/1')
    expect(decodeURIComponent(String(line.request ?? line.path))).toContain('/asked?for=this')
  })

  it('says that nobody has asked, and nothing else', async () => {
    const { headers: earlier } = await ask(stack())
    await lineOf(stack(), earlier['x-request-id'])
    const before = stack().log.lines.length
    const { headers } = await ask(stack())
    expect(await lineOf(stack(), headers['x-request-id'])).toMatchObject({ verify: 'NONE', status: 200 })
    expect(stack().log.lines.slice(before)).toHaveLength(1)
  })

  it('says that a stranger has asked, with what was wrong', async () => {
    const { certificate, privateKey } = makeSelfSigned()
    const { headers } = await ask(stack(), { as: pem(certificate.der, privateKey) })
    expect(await lineOf(stack(), headers['x-request-id'])).toMatchObject({
      verify: expect.stringMatching(/^FAILED:./),
      serial: certificate.serialNumber,
      fingerprint256: certificate.fingerprint256,
    })
  })

  it.each(HOSTILE)('stays one line of JSON with %j in the path and in User-Agent', async text => {
    const before = requestLines(stack()).length
    const path = `/${text.replaceAll(/[\t ]/g, '%09')}`
    const said = await sendRaw(
      stack(),
      `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\nUser-Agent: ${text}\r\nConnection: close\r\n\r\n`,
    )
    const [, id] = /^x-request-id: (.*)\r$/im.exec(said) ?? []
    // A path that is none is answered before there is an identifier; the next request shows that nothing broke.
    const next = await ask(stack())
    await lineOf(stack(), next.headers['x-request-id'])
    const lines = requestLines(stack()).slice(before)
    expect(lines).toHaveLength(2)
    const [, status] = /^HTTP\/1\.1 (\d+)/.exec(said) ?? []
    expect(lines[0]).toMatchObject({ proxy: name, status: Number(status) })
    // What is no request is refused before anybody looks at a certificate.
    if (status === '400') expect(['NONE', '-', '']).toContain(lines[0]?.verify)
    else expect(lines[0]).toMatchObject({ requestId: id, verify: 'NONE', status: 404 })
  })

  it.each(['"}', '","verify":"NONE', 'a\\', 'a\r\n{"verify":"NONE"}', 'a\0b', '\x1b[2J', '\u2028Zoë 漢字'])(
    'stays one line of JSON with %j as the name in a certificate, in both logs',
    async text => {
      const as = await forge(await clientCa(), { change: named([['CN', text]]) })
      const { headers } = await ask(stack(), { as })
      const id = String(headers['x-request-id'])
      const known = { requestId: id, serial: new X509Certificate(as.cert).serialNumber }
      expect(await lineOf(stack(), id)).toMatchObject({ ...known, verify: 'SUCCESS' })
      const access = await stack().backendLog.line(line => line.includes(id) && line.includes('"access"'))
      expect(JSON.parse(access)).toMatchObject({ ...known, level: 'trusted' })
      for (const line of stack().backendLog.lines) expect(JSON.parse(line)).toHaveProperty('kind')
    },
  )

  it('has the same request identifier as the log of the application', async () => {
    const { headers } = await ask(stack(), { as: person('cecilia') })
    const id = String(headers['x-request-id'])
    await lineOf(stack(), id)
    const line = await stack().backendLog.line(text => text.includes(id) && text.includes('"access"'))
    expect(JSON.parse(line)).toMatchObject({ requestId: id, level: 'trusted', via: name })
  })

  it('never holds the proxy secret or a certificate', async () => {
    const secret = readFileSync(`${inject('keys')}/private/proxy-secret`, 'utf8')
    const { headers } = await ask(stack(), { as: person('grace'), headers: [[HEADER.proxySecret, 'guess']] })
    await lineOf(stack(), headers['x-request-id'])
    const all = [...stack().log.lines, ...stack().backendLog.lines].join('\n')
    expect(all).not.toContain(secret)
    expect(all).not.toContain('MII')
    expect(all).not.toContain('guess')
  })
})
