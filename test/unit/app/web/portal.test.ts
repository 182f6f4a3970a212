// Promise: with pages alone, somebody gets a certificate, keeps it, renews it and ends it; its file leaves once.
import { execFileSync } from 'node:child_process'
import request from 'supertest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ITSELF } from '../../../../app/authority/caller.ts'
import { type ApiLab, apiLab, applicant, type Headers, NOBODY, presenting } from '../api-lab.ts'
import { FROM_PAGE, formTokenOf, PAGE } from './form-token-of.ts'

let lab: ApiLab
beforeAll(async () => {
  lab = await apiLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

const page = async (path: string, headers: Headers = NOBODY) => await lab.get(path, { ...headers, ...PAGE })

/** A form of a page, as its browser sends it. */
async function post(path: string, form: object, headers: Headers = NOBODY, of = lab) {
  const { csrf, cookie } = await formTokenOf(of, headers)
  const { status, body, ...answer } = await request(of.app)
    .post(path)
    .set({ ...headers, ...FROM_PAGE, ...(cookie && { Cookie: cookie }) })
    .type('form')
    .send({ csrf, ...form })
    .responseType('blob')
  const octets: Buffer = body
  return { status, headers: answer.headers, octets, text: octets.toString() }
}

function fileOf({ text }: { readonly text: string }) {
  const [, file = ''] = /name="file" value="([\w-]+)"/.exec(text) ?? []
  const [, passphrase = ''] = /<code class="secret">([^<]+)</.exec(text) ?? []
  return { file, passphrase }
}

function subjectIn(pkcs12: Buffer, passphrase: string): string {
  const told = ['pkcs12', '-passin', 'env:PASSPHRASE', '-nokeys', '-clcerts']
  return execFileSync('openssl', told, {
    input: pkcs12,
    env: { ...process.env, PASSPHRASE: passphrase },
  }).toString()
}

const EVERYWHERE = ['/', '/tlsauth/register/', '/tlsauth/certify/', '/tlsauth/import/', '/pastes']

it.each(EVERYWHERE)(
  '%s is a page with one heading, the navigation and nothing of its own beside stylesheet and script',
  async path => {
    for (const headers of [NOBODY, lab.grace.headers]) {
      const { status, text } = await page(path, headers)
      expect(status).toBe(200)
      expect(text.match(/<h1>/g)).toHaveLength(1)
      expect(text).toContain('<nav aria-label="Main">')
      expect(text.match(/<script/g) ?? []).toHaveLength(path === '/tlsauth/register/' ? 1 : 0)
      expect(text).not.toMatch(/<style|<script>|\sstyle=|\son\w+=|="\/(?!internal)/)
    }
  },
)

it.each([
  ['/tlsauth/csrs/', '../../admin/requests/'],
  ['/tlsauth/test/', '../../'],
])('%s, a path of an older system, leads a browser to its page', async (path, to) => {
  const { status, headers } = await page(path, lab.admin.headers)
  expect([status, headers.location]).toEqual([303, to])
})

it('the navigation is of the level', async () => {
  const labels = async (headers: Headers) => {
    const [, bar = ''] = (await page('/', headers)).text.split('<nav aria-label="Main">')
    const [places = ''] = bar.split('</nav>')
    return [...places.matchAll(/>([^<>\n]+)<\/a>/g)].map(([, label]) => label)
  }
  expect(await labels(NOBODY)).toEqual(['Home', 'Get a certificate', 'Pastes'])
  expect(await labels(lab.grace.headers)).toEqual(['Home', 'My certificates', 'Pastes'])
  expect(await labels(lab.admin.headers)).toEqual(['Home', 'My certificates', 'Pastes', 'Administration'])
})

describe('registering on the page', () => {
  it('shows the passphrase, and gives the file once', async () => {
    const form = { common_name: 'Ada Lovelace', email: '', organisation: '', pkcs12: 'modern' }
    const issued = await post('/tlsauth/register/', form)
    expect(issued.status).toBe(201)
    expect(issued.headers['cache-control']).toBe('no-store')
    const { file, passphrase } = fileOf(issued)
    const download = await post('/tlsauth/file/', { file, as: 'p12' })
    expect(download.headers['content-type']).toBe('application/x-pkcs12')
    expect(download.headers['content-disposition']).toMatch(/^attachment; filename="?[0-9A-F]+\.p12"?$/)
    expect(subjectIn(download.octets, passphrase)).toContain('Ada Lovelace')
    for (const as of ['p12', 'mobileconfig']) {
      const again = await post('/tlsauth/file/', { file, as })
      expect([again.status, again.text.includes('FILE_GONE')]).toEqual([410, true])
    }
  })

  it('gives the same file as a profile of Apple, which does not say the passphrase', async () => {
    const issued = await post('/tlsauth/register/', { common_name: "Mary Jackson's" })
    const { file, passphrase } = fileOf(issued)
    const { text, headers } = await post('/tlsauth/file/', { file, as: 'mobileconfig' })
    expect(headers['content-type']).toMatch(/^application\/x-apple-aspen-config/)
    expect(text).toContain("<string>Mary Jackson's</string>")
    expect(text).not.toContain(passphrase)
    const [, data = ''] = /<data>([^<]+)<\/data>/.exec(text) ?? []
    expect(subjectIn(Buffer.from(data, 'base64'), passphrase)).toContain("Mary Jackson's")
  })

  it('shows the form again with what was sent, and why it was refused', async () => {
    const { status, text } = await post('/tlsauth/register/', {
      common_name: '<b>Grace\u202e',
      email: 'a@example.org',
    })
    expect(status).toBe(400)
    expect(text).toContain('role="alert"')
    expect(text).toContain('value="a@example.org"')
    expect(text).not.toContain('<b>')
  })

  it('suggests what the visitor can import, and shows how', async () => {
    const seen = async (headers: Headers) => {
      const { text } = await page('/tlsauth/import/', { ...NOBODY, ...headers })
      return /<h3>On ([^<]+)</.exec(text)?.[1]
    }
    const agent = (text: string) => seen({ 'User-Agent': `Mozilla/5.0 (${text}` })
    expect(await agent('X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0')).toBe('Firefox')
    expect(await agent('iPhone; CPU iPhone OS 18_0 like Mac OS X)')).toBe('iPhone and iPad')
    expect(await agent('Linux; Android 15)')).toBe('Android')
    expect(await agent('Macintosh; Intel Mac OS X 10_15_7)')).toBe('macOS')
    expect(await seen({ 'Sec-CH-UA-Platform': '"Windows"', 'User-Agent': 'X11; Linux' })).toBe('Windows')
    const other = await page('/tlsauth/import/?system=android')
    expect(other.text).toContain('<h3>On Android<')
  })
})

describe('a signing request on the page', () => {
  it('is taken as text and as a file, PEM or DER', async () => {
    const forms = ['Dorothy Vaughan', 'Annie Easley', 'Christine Darden'].map(async (name, i) => {
      const { csr } = await applicant(name)
      const der = Buffer.from(csr.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
      const { csrf, cookie = '' } = await formTokenOf(lab, NOBODY)
      const form = request(lab.app)
        .post('/tlsauth/certify/')
        .set({ ...NOBODY, ...FROM_PAGE, Cookie: cookie })
        .field('csrf', csrf)
      const filled =
        i === 0
          ? form.field('csr', csr)
          : form.field('csr', '').attach('csr', i === 1 ? Buffer.from(csr) : der, 'me.csr')
      return await filled.field('common_name', '')
    })
    for (const { status, headers } of await Promise.all(forms)) {
      expect([status, headers.location]).toEqual([
        303,
        expect.stringMatching(/^\.\.\/\.\.\/pki\/requests\/[0-9a-f]{32}$/),
      ])
    }
  })

  it('is followed on a page until it is decided', async () => {
    const { csr } = await applicant('<script>alert(1)</script>')
    const wish = { channel: 'certify', csr, pkcs12: 'compatible' } as const
    const outcome = await lab.authority.register(ITSELF, { ...wish, commonName: 'Katherine Johnson' })
    if (outcome.kind !== 'queued') throw new Error('It was signed.')
    const { id, sha256 } = outcome.request
    const waiting = await page(`/pki/requests/${id}`)
    expect(waiting.text).toContain('<a role="button" href="">Look again</a>')
    expect((await lab.get(`/pki/requests/${id}`)).body.id).toBe(id)
    await lab.post(`/pki/requests/${id}/approve`, lab.admin.headers, { sha256 }).expect(200)
    const decided = await page(`/pki/requests/${id}`)
    expect(decided.text).not.toContain('Look again')
    expect(decided.text).toContain('-----BEGIN CERTIFICATE-----')
  })

  it('without a key is collected on its page, once', async () => {
    await using queueing = await apiLab({ context: { policy: () => 'queue' } })
    const asked = await post('/tlsauth/register/', { common_name: 'Mary Jackson' }, NOBODY, queueing)
    const id = asked.headers.location?.split('/').at(-1) ?? ''
    const [row] = await queueing.store.requests.list({ limit: 1 })
    await queueing
      .post(`/pki/requests/${id}/approve`, queueing.admin.headers, { sha256: row?.sha256 })
      .expect(200)
    const collect = () => post(`/tlsauth/requests/${id}/collect`, { pkcs12: 'compatible' }, NOBODY, queueing)
    expect(fileOf(await collect()).passphrase).not.toBe('')
    expect((await collect()).status).toBe(409)
  })
})

describe('my certificates', () => {
  it('are the holder\u2019s own, and for nobody else', async () => {
    expect((await page('/certificates/')).status).toBe(401)
    const { text } = await page('/certificates/', lab.grace.headers)
    expect(text).toContain(lab.grace.certificate.serialNumber)
    expect(text).not.toContain(lab.admin.certificate.serialNumber)
  })

  it('are renewed and revoked', async () => {
    const { headers, certificate } = await lab.person('Margaret Hamilton')
    const renewed = await post('/certificates/renew', { pkcs12: 'modern' }, headers)
    expect([renewed.status, fileOf(renewed).file]).toEqual([200, expect.stringMatching(/^[\w-]{43}$/)])
    const { serialNumber: serial } = certificate
    const ended = await post('/certificates/revoke', { serial, reason: 'keyCompromise' }, headers)
    expect([ended.status, ended.headers.location]).toEqual([303, './'])
    expect((await page('/', headers)).text).toContain('Client certificate revoked')
  })

  it('of somebody else are not revoked', async () => {
    const { serialNumber: serial } = lab.admin.certificate
    const answer = await post('/certificates/revoke', { serial, reason: 'keyCompromise' }, lab.grace.headers)
    expect(answer.status).toBe(404)
    expect((await page('/', presenting(lab.admin.certificate))).status).toBe(200)
  })
})
