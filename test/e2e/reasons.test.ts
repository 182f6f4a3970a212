// Whoever is refused for his certificate reads why and what to do next, through every front that can still answer.
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { REASONS } from '../../app/identity/reasons.ts'
import { createClient } from '../../cli/http-client.ts'
import { ask, type ClientKeys, HOST, person } from '../support/ask.ts'
import { call, openPkcs12 } from '../support/enrol.ts'
import { clientCa } from '../support/forge.ts'
import { fronts } from '../support/fronts.ts'
import { REFUSED } from '../support/refused.ts'
import { useStack } from '../support/stack.ts'

const GUARDED = '/tlsauth/csrs/'
const BROWSER = ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'] as const

const made: Record<string, ClientKeys> = {}
beforeAll(async () => {
  const ca = await clientCa()
  for (const [what, { make }] of Object.entries(REFUSED)) made[what] = await make(ca)
})

describe.each(fronts)('$name', front => {
  // What the application says; a proxy that follows its list would refuse before it.
  const stack = useStack(front, { revocation: 'none' })

  async function page(path: string, as?: ClientKeys) {
    const { status, body } = await ask(stack(), { path, as, headers: [BROWSER] })
    const links = [...body.matchAll(/<a href="([^"]+)"/g)].map(
      ([, href]) => new URL(href ?? '', `https://host${path}`),
    )
    return { status, body, links: links.map(({ pathname }) => pathname) }
  }

  /** What the command `gatehouse` makes of it. */
  async function gatehouse(credentials?: ClientKeys) {
    const server = new URL(`https://${HOST}:${stack().port}/`)
    using client = createClient({
      server,
      ca: [readFileSync(`${inject('keys')}/root.pem`, 'utf8')],
      credentials,
    })
    return await client.ask({ path: 'pki/certs' })
  }

  it.each(Object.entries(REFUSED))('a certificate %s', async (what, { code, detail, alert }) => {
    const as = made[what]
    if (alert !== undefined && front.invalidCertificate === 'tls-alert') {
      await expect(ask(stack(), { as, path: GUARDED })).rejects.toThrow(`SSL alert number ${alert}`)
      // The alert for one that is not valid yet is that of several reasons.
      const known = code === 'CERT_NOT_YET_VALID' ? 'CERT_REFUSED' : code
      await expect(gatehouse(as)).rejects.toMatchObject({ code: known, ending: 'refused' })
      return
    }
    const { status, title } = REASONS[code]
    const problem = await call(stack(), '/pki/certs', { as })
    expect(problem.status).toBe(status)
    expect(problem.json).toMatchObject({ code, title, detail: expect.stringMatching(detail) })
    await expect(gatehouse(as)).rejects.toMatchObject({ code, ending: 'refused' })
    const line = await ask(stack(), { as, path: GUARDED })
    expect(line).toMatchObject({ status, body: expect.stringMatching(/^.+\n$/) })
    expect(line.body).toMatch(detail)
    expect((await page(GUARDED, as)).body).toContain(`<h1>${title}</h1>`)
    const home = await page('/', as)
    expect(home.status).toBe(200)
    expect(home.body).toContain('<h1>Hello Unauthorized!</h1>')
    expect(home.body).toContain(`<code>${code}</code>`)
  })

  it('no certificate', async () => {
    const problem = await call(stack(), '/pki/certs')
    expect(problem).toMatchObject({ status: 401, json: { code: 'CERT_MISSING' } })
    const { status, body } = await ask(stack(), { path: GUARDED })
    expect(status).toBe(401)
    expect(body).toMatch(/^No client certificate was presented\..*gatehouse register.*\n$/)
    expect((await page('/')).body).toContain('No client certificate was presented.')
  })

  it('a revoked certificate', async () => {
    const admin = person('admin')
    const { json } = await call(stack(), '/pki/issue', { as: admin, body: { common_name: 'Mallory' } })
    const as = openPkcs12(json)
    await call(stack(), `/pki/revoke/${json.serial}`, { as: admin, body: { reason: 'keyCompromise' } })
    for (const path of ['/', '/nothing', GUARDED]) {
      const { status, body } = await ask(stack(), { as, path })
      expect(status).toBe(403)
      expect(body).toMatch(/^The certificate was revoked at \S+Z \(keyCompromise\)\..*administrator.*\n$/)
    }
    expect((await page('/', as)).body).toContain('<code>CERT_REVOKED</code>')
  })

  if (front.name !== 'direct') {
    it('the links of a page lead back through the prefix that it was opened below', async () => {
      for (const path of ['/app/', `/app${GUARDED}`]) {
        const { links } = await page(path)
        expect(links).toContain('/app/tlsauth/register/')
        for (const link of links) expect((await page(link)).status).toBe(200)
      }
    })
  }
})
