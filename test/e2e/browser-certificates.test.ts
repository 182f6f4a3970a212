// Whoever holds a certificate renews and revokes on a page of his own, through each proxy; a revoked one is refused at the next click, over the connection that is open.
import type { Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { type Browser, heading, openBrowser, save, visit } from '../support/browser.ts'
import { proxies } from '../support/fronts.ts'
import { useStack } from '../support/stack.ts'

const OWN = { name: 'My certificates' } as const

/** The row of the certificate that is presented, and that of the other. */
function rowsOf(page: Page): { readonly inUse: Locator; readonly other: Locator } {
  const rows = page
    .getByRole('table')
    .getByRole('row')
    .filter({ has: page.getByRole('cell') })
  const hasText = 'in use'
  return { inUse: rows.filter({ hasText }), other: rows.filter({ hasNotText: hasText }) }
}

async function revoke(row: Locator, why: string): Promise<void> {
  await row.getByText('Revoke', { exact: true }).click()
  await row.getByLabel('Why').selectOption({ label: why })
  await row.getByRole('button', { name: 'Revoke it for good' }).click()
}

/** Which connection each document came over. */
async function connectionsOf(page: Page): Promise<readonly number[]> {
  const connections: number[] = []
  const session = await page.context().newCDPSession(page)
  session.on('Network.responseReceived', ({ type, response }) => {
    if (type === 'Document') connections.push(response.connectionId)
  })
  await session.send('Network.enable')
  return connections
}

async function expectRefused(page: Page): Promise<void> {
  expect(await page.getByRole('main').innerText()).toMatch(
    /^Client certificate revoked\n.+\brevoked\b.+\badministrator\b.+\bcode CERT_REVOKED\b/s,
  )
}

// Chromium itself says so of who is refused.
const besidesRefusals = ({ complaints }: Browser) => complaints.filter(text => !/status of 403/.test(text))

describe.each(proxies)('$name', proxy => {
  const stack = useStack(proxy)

  it('a renewed one is imported and used, and ends the one before it', async () => {
    await using old = await openBrowser(stack(), { as: 'grace' })
    const page = await visit(old, '/')
    const connections = await connectionsOf(page)
    await page.getByRole('link', OWN).click()
    await page.getByRole('button', { name: 'Renew' }).click()
    const passphrase = await page.locator('.secret').innerText()
    const { content } = await save(page.getByRole('button', { name: 'Download .p12' }))

    await using renewed = await openBrowser(stack(), { pkcs12: { content, passphrase } })
    const desk = await visit(renewed, '/')
    expect(await heading(desk)).toBe('Hello Grace Hopper!')
    await desk.getByRole('link', OWN).click()
    const { other } = rowsOf(desk)
    expect(await other.innerText()).toMatch(/\bvalid\s+renewed\b/)
    await revoke(other, 'I have another one')
    expect(await other.innerText()).toMatch(/\brevoked\b/)
    expect(await other.locator('form').count()).toBe(0)

    await page.getByRole('link', OWN).click()
    await expectRefused(page)
    expect(new Set(connections).size).toBe(1)
    await desk.reload()
    expect(await heading(desk)).toBe('My certificates')
    expect(renewed.complaints).toEqual([])
    expect(besidesRefusals(old)).toEqual([])
  })

  it('who revokes the one in use is refused at once, over the same connection, and nobody else is', async () => {
    await using cecilia = await openBrowser(stack(), { as: 'cecilia' })
    await using admin = await openBrowser(stack(), { as: 'admin' })
    const [page, bystander] = [await visit(cecilia, '/'), await visit(admin, '/')]
    const connections = await connectionsOf(page)
    await page.getByRole('link', OWN).click()
    await revoke(rowsOf(page).inUse, 'Somebody else may have the key')
    await expectRefused(page)
    await page.goto('/')
    await expectRefused(page)
    expect(new Set(connections).size).toBe(1)
    await bystander.getByRole('link', OWN).click()
    expect(await heading(bystander)).toBe('My certificates')
    expect(admin.complaints).toEqual([])
    expect(besidesRefusals(cecilia)).toEqual([])
  })
})
