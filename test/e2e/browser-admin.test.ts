// An administrator does all there is to do in a real browser, through each proxy, and others see that there is nothing for them.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, heading, openBrowser, visit } from '../support/browser.ts'
import { call } from '../support/enrol.ts'
import { eventually } from '../support/eventually.ts'
import { proxies } from '../support/fronts.ts'
import { issue, newRequest } from '../support/operator.ts'
import { useStack } from '../support/stack.ts'

// Chromium itself says so of what was refused.
const REFUSED = /status of 403/

describe.each(proxies)('$name', proxy => {
  const stack = useStack(proxy)
  let admin: Browser
  let page: Page
  beforeAll(async () => {
    admin = await openBrowser(stack(), { as: 'admin' })
    page = await visit(admin, '/admin/')
  })
  afterAll(() => admin?.[Symbol.asyncDispose]())

  const tab = (name: string) => page.getByLabel('Administration').getByRole('link', { name }).click()
  const namesShown = () => page.locator('table.rows tbody td[data-label="Name"] a').allInnerTexts()

  async function apply(commonName: string): Promise<void> {
    const { csr } = await newRequest()
    const body = { csr, common_name: commonName }
    expect((await call(stack(), '/tlsauth/certify/', { body })).status).toBe(202)
  }

  it('approves a request and rejects another', async () => {
    for (const name of ['Ada Lovelace', 'Eve']) await apply(name)
    await page.reload()
    expect(await page.getByLabel('Administration').innerText()).toMatch(/2\s+waiting/)
    await tab('Requests')
    await page.getByRole('link', { name: 'Ada Lovelace' }).click()
    expect(await heading(page)).toBe('The request of Ada Lovelace')
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.getByRole('link', { name: 'The certificate' }).click()
    expect(await heading(page)).toBe('Ada Lovelace')
    await tab('Requests')
    expect(await namesShown()).toEqual(['Eve'])
    await page.getByRole('link', { name: 'Eve' }).click()
    await page.getByText('Reject', { exact: true }).click()
    await page.getByLabel('Why').fill('Nobody knows <b>her</b>.')
    await page.getByRole('button', { name: 'Reject it' }).click()
    expect(await page.locator('main').innerText()).toContain('Rejected: Nobody knows <b>her</b>.')
  })

  it('finds certificates by name and state, in the order of choice, page by page', async () => {
    for (let i = 0; i < 51; i += 1) await issue(stack(), `Row ${String(i).padStart(2, '0')}`)
    await tab('Certificates')
    await page.getByLabel('Search').fill('row')
    await page.getByLabel('State').selectOption('valid')
    await page.getByLabel('Order').selectOption('By name')
    await page.getByRole('button', { name: 'Show' }).click()
    const shown = await namesShown()
    expect(shown).toEqual(shown.toSorted())
    await page.getByRole('link', { name: 'More' }).click()
    expect([...shown, ...(await namesShown())]).toEqual(
      Array.from({ length: 51 }, (_, i) => `Row ${String(i).padStart(2, '0')}`),
    )
    expect(await page.getByLabel('Order').inputValue()).toBe('name')
    await page.getByRole('link', { name: 'From the beginning' }).click()
    expect(await namesShown()).toEqual(shown)
    await page.getByLabel('State').selectOption('revoked')
    await page.getByRole('button', { name: 'Show' }).click()
    expect(await page.locator('.empty').innerText()).toBe('There is none of that kind.')
  })

  it('somebody else sees why it is not for him, and no tab', async () => {
    await using grace = await openBrowser(stack(), { as: 'grace' })
    for (const path of ['/admin/', '/admin/certificates/', '/admin/what-is-not-there']) {
      const refused = await visit(grace, path)
      expect(await refused.locator('footer').innerText()).toContain('LEVEL_TOO_LOW')
      expect(await refused.getByLabel('Administration').count()).toBe(0)
      expect(await refused.getByRole('link', { name: 'Administration' }).count()).toBe(0)
    }
    expect(grace.complaints.filter(text => !REFUSED.test(text))).toEqual([])
  })

  it('revokes with a reason, and the next click of that person is refused', async () => {
    await using grace = await openBrowser(stack(), { as: 'grace' })
    const her = await visit(grace, '/')
    expect(await heading(her)).toBe('Hello Grace Hopper!')
    await tab('Certificates')
    await page.getByLabel('Search').fill('Grace')
    await page.getByRole('button', { name: 'Show' }).click()
    await page.getByRole('link', { name: 'Grace Hopper' }).click()
    await page.getByLabel('Reason').selectOption('keyCompromise')
    await page.getByRole('button', { name: 'Revoke the certificate' }).click()
    const told = await page.getByRole('status').innerText()
    expect(told).toMatch(new RegExp(`${proxy.name} \\(.+\\) refuses it after \\d+ ms\\.`))
    await her.getByRole('link', { name: 'My certificates' }).click()
    expect(await her.locator('body').innerText()).toContain('CERT_REVOKED')
    expect(grace.complaints.filter(text => !REFUSED.test(text))).toEqual([])
  })

  it('invites somebody to the gate', async () => {
    await tab('Gate')
    await page.getByLabel('Name').fill('Hedy Lamarr')
    await page.getByRole('button', { name: 'Invite' }).click()
    const code = await page.locator('.secret').innerText()
    expect(code).not.toBe('')
    await tab('Gate')
    const main = await page.locator('main').innerText()
    expect([main.includes('Hedy Lamarr'), main.includes(code)]).toEqual([true, false])
  })

  it('sees in plots what was done', async () => {
    // A list with the revoked one is made in the background.
    await eventually(async () => {
      await tab('Overview')
      return /List \d+ with 1 certificates/.test(await page.locator('main').innerText())
    }, true)
    const tiles = await page.locator('.tiles li').allInnerTexts()
    // Ada, the rows, and of the three of the key set Grace is not valid any more.
    expect(tiles.map(text => text.replaceAll(/\s+/g, ' ').trim()).slice(0, 4)).toEqual([
      '0 waiting requests',
      '54 valid certificates',
      '0 expire within 30 days',
      '1 revoked',
    ])
    expect(await page.locator('.plot svg[role="img"]').count()).toBe(5)
    const described = await page.locator('.plot svg > desc').allTextContents()
    expect(described).toContain('54 certificates expire in the next 26 weeks. Each bar is a week.')
    expect(described).toContain('In the last 30 days 55 certificates were issued and 1 revoked.')
    const times = page.locator('.plot').filter({ hasText: 'From revocation to refusal' })
    await times.getByText('As a table').click()
    expect(await times.locator('tbody tr').allInnerTexts()).toEqual([
      expect.stringMatching(new RegExp(`^${proxy.name}\\s+1\\s+\\d+ ms\\s+\\d+ ms$`)),
    ])
  })

  it('finds all of it on record, in a chain that holds', async () => {
    await tab('Audit')
    const done = {
      Ada: 'REQUEST_APPROVED',
      Eve: 'REQUEST_REJECTED',
      Grace: 'CERT_REVOKED',
      Hedy: 'GATE_INVITED',
    }
    for (const event of Object.values(done)) {
      await page.getByLabel('Search').fill(event)
      await page.getByRole('button', { name: 'Show' }).click()
      expect(await page.locator('tbody td[data-label="Event"] .badge').allInnerTexts()).toContain(event)
    }
    await page.getByRole('link', { name: /^Verify all \d+ events$/ }).click()
    expect(await page.locator('article .badge').first().innerText()).toBe('whole')
    expect(admin.complaints).toEqual([])
  })
})
