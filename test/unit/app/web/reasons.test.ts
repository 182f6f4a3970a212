// Promise: whoever is refused for his certificate reads what is wrong with it, under a code of its own, and what to do next.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { REASONS } from '../../../../app/identity/reasons.ts'
import { decodeCertificatePem } from '../../../../pki/pem.ts'
import type { ClientKeys } from '../../../support/ask.ts'
import { forge, serialOf } from '../../../support/forge.ts'
import { makeClientCa, makeSelfSigned } from '../../../support/lab.ts'
import { REFUSED } from '../../../support/refused.ts'
import { type ApiLab, apiLab, CA, type Headers, OPERATOR, STRANGER } from '../api-lab.ts'
import { contract, makeUser, pemOf } from '../lab.ts'

const JSON_ONLY = { Accept: 'application/json' }
const BROWSER = { Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }
const GUARDED = '/tlsauth/csrs/'

let lab: ApiLab
beforeAll(async () => {
  lab = await apiLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

/** As a proxy hands over what it did not validate. */
function unverified({ cert }: Pick<ClientKeys, 'cert'>): Headers {
  const der = Buffer.from(decodeCertificatePem(cert)).toString('base64')
  return contract({ verify: 'FAILED:whatever', clientCertUnverified: `:${der}:` })
}

/** Where the links of a page, apart from its navigation, lead that a browser opened below `/app/`. */
function linksOf(html: string, path: string): string[] {
  const [, content = ''] = html.split('<main')
  const hrefs = [...content.matchAll(/<a href="([^"]+)"/g)].map(([, href]) => href ?? '')
  return hrefs.map(href => new URL(href, `https://host/app${path}`).pathname)
}

const textOf = (html: string) =>
  html
    .replaceAll(/<[^>]+>/g, '')
    .replaceAll('&#39;', "'")
    .replaceAll(/\s+/g, ' ')

describe.each(Object.entries(REFUSED))('a certificate %s', (_, { code, detail, make }) => {
  let headers: Headers
  beforeAll(async () => {
    headers = unverified(await make(CA))
  })

  it('gets problem details', async () => {
    for (const path of [GUARDED, '/pki/certs']) {
      const { status, text } = await lab.get(path, headers).set(JSON_ONLY)
      const { title } = REASONS[code]
      expect(status).toBe(403)
      expect(JSON.parse(text)).toMatchObject({ code, status, title, detail: expect.stringMatching(detail) })
    }
  })

  it('gets one line of text', async () => {
    const { text, headers: answered } = await lab.get(GUARDED, headers).set('Accept', '*/*')
    expect(answered['content-type']).toBe('text/plain; charset=utf-8')
    expect(text).toMatch(detail)
    expect(text.indexOf('\n')).toBe(text.length - 1)
  })

  it('gets a page, whose links stay below a prefix', async () => {
    const { text } = await lab.get(GUARDED, headers).set(BROWSER)
    expect(text).toContain(`<h1>${REASONS[code].title}</h1>`)
    expect(text).toContain(`<code>${code}</code>`)
    const next: readonly string[] = REASONS[code].next
    expect(linksOf(text, GUARDED)).toEqual([
      ...(next.includes('enrol') ? ['/app/tlsauth/register/'] : []),
      '/app/',
    ])
  })

  it('is greeted as nobody, with the reason for browsers only', async () => {
    expect((await lab.get('/', headers).set('Accept', '*/*')).text).toBe('Hello Unauthorized!\n')
    const page = await lab.get('/', headers).set(BROWSER)
    expect(page.status).toBe(200)
    expect(page.text).toContain('<h1>Hello Unauthorized!</h1>')
    expect(page.text).toContain(`<code>${code}</code>`)
  })
})

describe('without a certificate', () => {
  it('a guard says so, and how to get one', async () => {
    const answer = await lab.get(GUARDED).set('Accept', '*/*')
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('ClientCertificate')
    expect(answer.text).toMatch(/^No client certificate was presented\..*gatehouse register.*\n$/)
    const page = await lab.get(GUARDED).set(BROWSER)
    expect(page.text).toContain('<code>CERT_MISSING</code>')
    expect(linksOf(page.text, GUARDED)).toEqual(['/app/tlsauth/register/', '/app/'])
  })

  it('the first page has a hint, and nothing is wrong', async () => {
    const { text } = await lab.get('/').set(BROWSER)
    expect(textOf(text)).toContain('No client certificate was presented.')
    expect(text).not.toContain('<code>')
    expect(linksOf(text, '/')).toEqual(['/app/tlsauth/register/', '/app/tlsauth/import/', '/app/whoami'])
  })

  it('nobody is told that a proxy secret was wrong', async () => {
    const { text } = await lab.get(GUARDED, contract({ proxySecret: 'guess' })).set(JSON_ONLY)
    expect(JSON.parse(text)).toMatchObject({
      code: 'CERT_MISSING',
      detail: expect.not.stringMatching(/secret/i),
    })
  })
})

describe('a revoked certificate', () => {
  it('is told when and why, on every address', async () => {
    const { certificate, headers } = await lab.person('Mallory')
    await lab.authority.revoke(OPERATOR, { serial: certificate.serialNumber, reason: 'keyCompromise' })
    for (const path of ['/', '/nothing', '/pki', GUARDED, '/tlsauth/register/']) {
      const { status, text } = await lab.get(path, headers).set('Accept', '*/*,application/json')
      expect(status).toBe(403)
      expect(JSON.parse(text)).toMatchObject({
        code: 'CERT_REVOKED',
        detail: expect.stringMatching(
          /^The certificate was revoked at \S+Z \(keyCompromise\)\..*An administrator/,
        ),
      })
    }
    expect((await lab.get('/', headers).set(BROWSER)).text).toContain('<h1>Client certificate revoked</h1>')
  })

  it('is not told apart from one that never was, by whoever cannot sign it', async () => {
    const { certificate } = await lab.person('Trudy')
    await lab.authority.revoke(OPERATOR, { serial: certificate.serialNumber, reason: 'keyCompromise' })
    const serials = [certificate.serialNumber, lab.grace.certificate.serialNumber, '7F'.repeat(16)]
    const twin = await makeClientCa()
    const forged = (serial: string) =>
      forge(twin, {
        change(each) {
          each.serialNumber = serialOf(serial)
        },
      })
    const own = (serial: string) => pemOf(makeSelfSigned('-set_serial', `0x${serial}`))
    for (const [code, make] of [
      ['CERT_ISSUER_UNKNOWN', forged],
      ['LEVEL_TOO_LOW', own],
    ] as const) {
      const answers = serials.map(async serial => {
        return (await lab.get(GUARDED, unverified(await make(serial))).set(JSON_ONLY)).text
      })
      const [answer = '', ...others] = new Set(await Promise.all(answers))
      expect(JSON.parse(answer).code).toBe(code)
      expect(others).toEqual([])
    }
  })
})

describe('where nobody can register', () => {
  it.each([
    ['because nothing is signed', { context: { signer: undefined } }],
    ['because a certificate is required', { clientCert: 'require' }],
  ] as const)('%s, nobody is sent there', async (_, options) => {
    await using closed = await apiLab(options)
    const stranger = unverified(pemOf(await makeUser(await makeClientCa())))
    const { text } = await closed.get(GUARDED, stranger).set(BROWSER)
    expect(linksOf(text, GUARDED)).toEqual(['/app/'])
    expect(text).not.toContain('tlsauth/register')
    expect(textOf(text)).toContain('An administrator can issue one.')
  })

  it('and a certificate is required, the reason is the answer', async () => {
    await using closed = await apiLab({ clientCert: 'require' })
    for (const { code, make, detail } of Object.values(REFUSED)) {
      const { status, text } = await closed.get('/', unverified(await make(CA))).set(JSON_ONLY)
      expect(status).toBe(403)
      expect(JSON.parse(text)).toMatchObject({ code, detail: expect.stringMatching(detail) })
    }
  })
})

describe('the first page', () => {
  it('tells a self-signed certificate how to become more', async () => {
    const { text } = await lab.get('/', STRANGER).set(BROWSER)
    expect(textOf(text)).toContain('Your certificate is self-signed')
    expect(linksOf(text, '/')).toContain('/app/tlsauth/register/')
  })

  it('reminds of renewing in the last month, and says nothing before', async () => {
    const days = (count: number) => new Date(Date.now() + count * 86_400_000)
    const reminder = 'Renew your certificate in time: gatehouse renew.'
    expect(textOf((await lab.get('/', lab.grace.headers).set(BROWSER)).text)).not.toContain(reminder)
    await using later = await apiLab({ now: () => days(70) })
    expect(textOf((await later.get('/', lab.grace.headers).set(BROWSER)).text)).toContain(reminder)
  })
})

it('every code is in the documentation', () => {
  const docs = readFileSync('docs/levels.md', 'utf8')
  for (const [code, { status, title }] of Object.entries(REASONS)) {
    expect(docs).toContain(`| \`${code}\` | ${status} | ${title} |`)
  }
})
