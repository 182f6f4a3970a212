// A real browser through each proxy: certificates that it has imported, and the whole walk through the gate.
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { GATE } from '../../proxy-configs/gate-contract.ts'
import { person } from '../support/ask.ts'
import { heading, openBrowser, visit } from '../support/browser.ts'
import { proxies } from '../support/fronts.ts'
import { postJson } from '../support/gate-visitor.ts'
import { readQr } from '../support/read-qr.ts'
import { useStack } from '../support/stack.ts'
import { codeOfSecret } from '../unit/app/gate/gate-lab.ts'

describe.each(proxies)('$name', proxy => {
  const stack = useStack(proxy, { intranet: true })

  /** The secret in the code that the page shows, as the app on a telephone reads it. */
  async function scan(page: Page): Promise<{ readonly secret: string; readonly label: string }> {
    const { protocol, hostname, pathname, searchParams } = new URL(
      readQr(await page.locator('.qr').screenshot()),
    )
    expect([protocol, hostname]).toEqual(['otpauth:', 'totp'])
    return { secret: searchParams.get('secret') ?? '', label: decodeURIComponent(pathname) }
  }

  async function finishSetup(page: Page): Promise<string> {
    const { secret } = await scan(page)
    await page.getByLabel('The code that your app shows now').fill(codeOfSecret(secret))
    await page.getByRole('button', { name: 'Finish' }).click()
    expect(await page.locator('.codes li').count()).toBe(10)
    return secret
  }

  it('two people in two profiles, each with the certificate of his own file, and nobody', async () => {
    await using grace = await openBrowser(stack(), { as: 'grace' })
    await using cecilia = await openBrowser(stack(), { as: 'cecilia' })
    await using nobody = await openBrowser(stack())
    expect(await heading(await visit(grace, '/'))).toBe('Hello Grace Hopper!')
    expect(await heading(await visit(cecilia, '/'))).toBe('Hello Cecilia Payne!')
    expect(await heading(await visit(nobody, '/'))).toBe('Hello Unauthorized!')
    expect(await heading(await visit(grace, GATE.path))).toBe('Hello Grace Hopper!')
    for (const { complaints } of [grace, cecilia, nobody]) expect(complaints).toEqual([])
  })

  it('set-up with a certificate, login on a device without one, the intranet, log-out, and no way back', async () => {
    await using desk = await openBrowser(stack(), { as: 'grace' })
    const setup = await visit(desk, '/_auth/setup')
    await setup.getByRole('button', { name: 'Set up for Grace Hopper' }).click()
    const { label } = await scan(setup)
    expect(label).toContain('Grace Hopper')
    const secret = await finishSetup(setup)

    await using telephone = await openBrowser(stack())
    const page = await visit(telephone, `${GATE.path}page?of=hers`)
    expect(await heading(page)).toBe('Log in')
    await page.getByLabel('Name').fill('Grace Hopper')
    await page.getByLabel('Code from your app').fill('000000')
    await page.getByRole('button', { name: 'Log in' }).click()
    expect(await page.getByRole('alert').innerText()).not.toBe('')
    // The one of the set-up is used: the app shows the next one soon, and it is good already.
    await page.getByLabel('Code from your app').fill(codeOfSecret(secret, 1))
    await page.getByRole('button', { name: 'Log in' }).click()
    expect(await heading(page)).toBe('Hello Grace Hopper!')
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe(`${GATE.path}page?of=hers`)
    expect(await page.locator('body').innerText()).not.toContain(`${GATE.cookie}=`)

    await page.getByRole('link', { name: 'Your account at the gate' }).click()
    expect(await heading(page)).toBe('Grace Hopper')
    await page.getByRole('button', { name: 'Log out' }).first().click()
    expect(await heading(page)).toBe('Log in')
    // To the account, and to the intranet.
    for (let i = 0; i < 2; i++) {
      await page.goBack()
      expect(await page.locator('body').innerText()).not.toContain('Hello')
    }
    await page.goto(GATE.path)
    expect(await heading(page)).toBe('Log in')
    expect(await telephone.context.cookies()).not.toContainEqual(
      expect.objectContaining({ name: GATE.cookie }),
    )
    expect(desk.complaints).toEqual([])
    // Chromium itself says so of the wrong code.
    expect(telephone.complaints.filter(text => !/status of 401/.test(text))).toEqual([])
  })

  it('somebody whom an administrator has invited', async () => {
    const { body } = await postJson(
      stack(),
      '/_auth/invitations',
      { user: 'Ada Lovelace' },
      { as: person('admin') },
    )
    await using guest = await openBrowser(stack())
    const page = await visit(guest, GATE.path)
    await page.getByRole('link', { name: 'Set them up' }).click()
    await page.getByLabel('Invitation from an administrator').fill(JSON.parse(body).invitation)
    await page.getByRole('button', { name: 'Go on' }).click()
    await finishSetup(page)
    await page.getByRole('link', { name: 'what is behind the gate' }).first().click()
    expect(await heading(page)).toBe('Hello Ada Lovelace!')
    expect(guest.complaints).toEqual([])
  })
})
