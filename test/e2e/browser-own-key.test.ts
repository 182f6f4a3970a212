// A key that is made in the visitor's browser stays there, through each proxy: a signing request leaves, and what comes of it logs in.
import type { Page, Request } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { heading, openBrowser, save, visit } from '../support/browser.ts'
import { proxies } from '../support/fronts.ts'
import { useStack } from '../support/stack.ts'

const PASSPHRASE = 'of the visitor, and of nobody else'
const PKCS10 = /^-----BEGIN CERTIFICATE REQUEST-----\n[\w+/=\n]+-----END CERTIFICATE REQUEST-----\n$/
const SHA_256 = /^([0-9A-F]{4} ){15}[0-9A-F]{4}$/

async function makeKey(page: Page, name: string, kind: 'Elliptic curve' | 'RSA'): Promise<void> {
  const article = page.getByRole('article', { name: 'Key made in this browser' })
  await article.getByLabel('Your name').fill(name)
  await article.getByLabel('Passphrase of the file').fill(PASSPHRASE)
  const options = await article.getByLabel('Kind of key').getByRole('option').allInnerTexts()
  const label = options.find(option => option.startsWith(kind)) ?? expect.fail(`no ${kind}`)
  await article.getByLabel('Kind of key').selectOption({ label })
  await article.getByRole('button', { name: 'Make my key and certificate' }).click()
}

async function savePkcs12(page: Page) {
  const { content } = await save(page.getByRole('button', { name: 'Download .p12' }))
  return { content, passphrase: PASSPHRASE }
}

/** What a page says is the SHA-256 of the request. */
async function digestOn(page: Page): Promise<string> {
  const digest = await page.locator('dt:text-is("SHA-256") + dd').innerText()
  expect(digest).toMatch(SHA_256)
  return digest
}

describe.each(proxies)('$name, where a certificate is made at once', proxy => {
  const stack = useStack(proxy)

  it('somebody makes a key, imports the file and is greeted, and nothing but a signing request has left', async () => {
    await using browser = await openBrowser(stack())
    const requests: Request[] = []
    browser.context.on('request', request => requests.push(request))
    const page = await visit(browser, '/tlsauth/register/')
    await makeKey(page, 'Ada Lovelace', 'Elliptic curve')
    const pkcs12 = await savePkcs12(page)

    const { origin } = new URL(page.url())
    const asked = requests.map(request => `${request.method()} ${request.url().replace(origin, '')}`)
    expect(asked.map(line => line.replace(/-[0-9a-f]{16}\./, '.')).toSorted()).toEqual([
      'GET /assets/enrolment.js',
      'GET /assets/style.css',
      'GET /pki/ca.crt?format=der',
      'GET /register/challenge',
      'GET /tlsauth/register/',
      'POST /register',
    ])
    const bodies = requests.flatMap(request => request.postData() ?? [])
    expect(bodies.map(body => JSON.parse(body))).toEqual([
      {
        challenge: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        nonce: expect.stringMatching(/^\w{1,8}$/),
        csr: expect.stringMatching(PKCS10),
        common_name: 'Ada Lovelace',
      },
    ])

    await using ada = await openBrowser(stack(), { pkcs12 })
    expect(await heading(await visit(ada, '/'))).toBe('Hello Ada Lovelace!')
    for (const { complaints } of [browser, ada]) expect(complaints).toEqual([])
  })

  it('a script that is not the one which the page means does not run', async () => {
    await using browser = await openBrowser(stack())
    const [page] = browser.context.pages()
    const body = "document.title = 'taken over'"
    await page?.route('**/assets/*.js', route => route.fulfill({ contentType: 'text/javascript', body }))
    await visit(browser, '/tlsauth/register/')
    expect(await page?.title()).toBe('Get a certificate · Gatehouse')
    expect(browser.complaints).toEqual([expect.stringContaining('integrity')])
  })
})

describe.each(proxies)('$name, where an administrator decides', proxy => {
  const stack = useStack(proxy, { environment: { GATEHOUSE_POLICY: 'queue' } })

  async function ask(name: string) {
    await using browser = await openBrowser(stack())
    const page = await visit(browser, '/tlsauth/register/')
    await makeKey(page, name, 'RSA')
    const keyFile = await save(page.getByRole('button', { name: 'Save the key file' }))
    const opened = browser.context.waitForEvent('page')
    await page.getByRole('link', { name: 'How the request stands' }).click()
    const digest = await digestOn(await opened)
    expect(browser.complaints).toEqual([])
    return { keyFile, digest }
  }

  it('the key waits in a file while the browser is closed, and what was approved is finished with it', async () => {
    const { keyFile, digest } = await ask('Emmy Noether')

    await using desk = await openBrowser(stack(), { as: 'admin' })
    const decision = await visit(desk, '/admin/requests/')
    await decision.getByRole('link', { name: 'Emmy Noether' }).click()
    expect(await digestOn(decision)).toBe(digest)
    await decision.getByRole('button', { name: 'Approve' }).click()
    expect(await decision.getByRole('link', { name: 'The certificate' }).count()).toBe(1)

    await using browser = await openBrowser(stack())
    const page = await visit(browser, '/tlsauth/register/')
    await page.getByText('Finish with a key file that I saved').click()
    await page
      .getByLabel('Key file')
      .setInputFiles({ name: keyFile.name, mimeType: '', buffer: keyFile.content })
    await page.getByLabel('Its passphrase').fill('of somebody else')
    await page.getByRole('button', { name: 'Finish' }).click()
    expect(await page.getByRole('alert').innerText()).toBe(
      'The passphrase is not that of the key file, or the file is damaged.',
    )
    await page.getByLabel('Its passphrase').fill(PASSPHRASE)
    await page.getByRole('button', { name: 'Finish' }).click()
    const pkcs12 = await savePkcs12(page)

    await using emmy = await openBrowser(stack(), { pkcs12 })
    expect(await heading(await visit(emmy, '/'))).toBe('Hello Emmy Noether!')
    for (const { complaints } of [desk, browser, emmy]) expect(complaints).toEqual([])
  })
})
