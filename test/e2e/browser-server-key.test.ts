// A key that the server makes leaves it once, through each proxy, for a browser without JavaScript: as a file that logs in, or as a profile for Apple's systems.
import { X509Certificate } from 'node:crypto'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { heading, openBrowser, save, visit } from '../support/browser.ts'
import { openPkcs12 } from '../support/enrol.ts'
import { proxies } from '../support/fronts.ts'
import { useStack } from '../support/stack.ts'

const AS_P12 = { name: 'Download .p12' } as const
const AS_PROFILE = { name: 'Profile for iPhone, iPad, Mac' } as const
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'

/** @returns the passphrase, which is on the page that comes */
async function register(page: Page, name: string): Promise<string> {
  const form = page.locator('#by-server')
  await form.getByLabel('Your name').fill(name)
  await form.getByRole('button', { name: 'Make my certificate' }).click()
  expect(await heading(page)).toBe(`A certificate for ${name}`)
  return await page.locator('.secret').innerText()
}

const suggested = (page: Page) => page.locator('#by-server').getByLabel('Encryption of the file').inputValue()

describe.each(proxies)('$name', proxy => {
  const stack = useStack(proxy)

  it('somebody registers, imports the file and is greeted; neither file nor passphrase comes again', async () => {
    await using browser = await openBrowser(stack(), { javaScriptEnabled: false })
    const page = await visit(browser, '/tlsauth/register/')
    expect(await page.getByRole('article', { name: 'Key made in this browser' }).count()).toBe(0)
    expect(await suggested(page)).toBe('modern')
    const passphrase = await register(page, 'Ada Lovelace')
    const { content } = await save(page.getByRole('button', AS_P12))

    await using ada = await openBrowser(stack(), { pkcs12: { content, passphrase } })
    expect(await heading(await visit(ada, '/'))).toBe('Hello Ada Lovelace!')

    await page.getByRole('button', AS_PROFILE).click()
    expect(await heading(page)).toBe('Downloaded already')
    expect(await page.locator('body').innerText()).toContain('FILE_GONE')
    await page.reload()
    expect(await heading(page)).toBe('Downloaded already')
    // The page with the passphrase was not stored, and Chromium does not send its form again by itself.
    await expect(page.goBack()).rejects.toThrow('ERR_CACHE_MISS')
    expect(ada.complaints).toEqual([])
    // Chromium itself says so of what is gone.
    expect(browser.complaints.filter(text => !/status of 410/.test(text))).toEqual([])
  })

  it('an iPhone is offered the profile, which holds the file and does not say its passphrase', async () => {
    await using telephone = await openBrowser(stack(), { javaScriptEnabled: false, userAgent: IPHONE })
    const page = await visit(telephone, '/tlsauth/register/')
    expect(await suggested(page)).toBe('compatible')
    const passphrase = await register(page, 'Emmy Noether')
    expect(await page.getByRole('main').getByRole('button').allInnerTexts()).toEqual([
      AS_PROFILE.name,
      AS_P12.name,
    ])
    const { name, content } = await save(page.getByRole('button', AS_PROFILE))
    expect(name).toMatch(/^[0-9A-F]+\.mobileconfig$/)
    const profile = content.toString()
    expect(profile).toContain('<plist version="1.0">')
    expect(profile).not.toContain(passphrase)
    const [, pkcs12] = /<data>([^<]+)<\/data>/.exec(profile) ?? []
    expect(new X509Certificate(openPkcs12({ pkcs12, passphrase }).cert).subject).toBe('CN=Emmy Noether')
    expect(() => openPkcs12({ pkcs12, passphrase: 'another' })).toThrow('invalid password')
    expect(telephone.complaints).toEqual([])
  })
})
