// Promise: every page, in a real browser, is fit for everybody: on a screen of 360 pixels, in the dark, with a screen reader.
// With GATEHOUSE_SCREENSHOTS=FOLDER what is seen is kept there (`make screenshots`).
import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { seriousFindings } from '../support/accessibility.ts'
import { person } from '../support/ask.ts'
import { openBrowser } from '../support/browser.ts'
import { proxies } from '../support/fronts.ts'
import { temporaryFolder } from '../support/lab.ts'
import { issue, revoke } from '../support/operator.ts'
import { makePast, type Past } from '../support/past.ts'
import { useStack } from '../support/stack.ts'
import { TOUR, type Visitor } from '../support/tour.ts'

const LOOKS = [
  { look: 'light', colorScheme: 'light', viewport: { width: 1120, height: 700 } },
  { look: 'dark', colorScheme: 'dark', viewport: { width: 1120, height: 700 } },
  { look: 'narrow', colorScheme: 'light', viewport: { width: 360, height: 740 } },
  { look: 'narrow-dark', colorScheme: 'dark', viewport: { width: 360, height: 740 } },
] as const

const pictures = process.env.GATEHOUSE_SCREENSHOTS

// Our own choice: what is below that in a long list is more of the same.
const TALLEST = 1500

async function keep(page: Page, path: string): Promise<void> {
  const [width, height] = await page.evaluate<[number, number]>('[innerWidth, document.body.scrollHeight]')
  await page.screenshot({
    path,
    fullPage: true,
    clip: { x: 0, y: 0, width, height: Math.min(height, TALLEST) },
  })
}

/** Where Chromium itself shows what was imported. */
async function keepOfChromium(page: Page): Promise<void> {
  await page.goto('chrome://certificate-manager/clientcerts/platformclientcerts')
  await page.getByText('Grace Hopper').waitFor()
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width: 1000, height: 320 })
  await page.screenshot({ path: join(pictures ?? '', 'chromium-certificates.png') })
}

describe.each(proxies)('$name', proxy => {
  const folder = temporaryFolder()
  let past: Past
  beforeAll(async () => {
    past = await makePast(folder.path, inject('keys'))
  })
  afterAll(() => folder[Symbol.dispose]())
  const stack = useStack(proxy, {
    intranet: true,
    store: folder.path,
    beside: proxies.filter(other => other !== proxy),
  })
  beforeAll(async () => {
    for (const name of ['One', 'Two', 'Three', 'Four']) {
      const { serial } = await issue(stack(), `Device ${name}`)
      await revoke(stack(), serial)
    }
    await revoke(stack(), new X509Certificate(person('cecilia').cert).serialNumber)
  })

  async function look(page: Page, name: string): Promise<void> {
    for (const { look, colorScheme, viewport } of LOOKS) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.setViewportSize(viewport)
      expect.soft(await seriousFindings(page), `${name}, ${look}`).toEqual([])
      const over = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
      expect.soft(over, `${name}, ${look}: pixels beyond the screen`).toBeLessThanOrEqual(0)
      if (pictures && look !== 'narrow-dark') await keep(page, join(pictures, `${name}-${look}.png`))
    }
    await page.setViewportSize(LOOKS[0].viewport)
  }

  it.each(Object.keys(TOUR) as Visitor[])('what %s sees', { timeout: 180_000 }, async visitor => {
    await using browser = await openBrowser(stack(), visitor === 'nobody' ? {} : { as: visitor })
    const page = browser.context.pages()[0] ?? (await browser.context.newPage())
    for (const { name, go } of TOUR[visitor]) {
      await go(page, past)
      await look(page, name)
    }
    // Chromium itself says so of a page with that status.
    expect(browser.complaints.filter(text => !/status of 40[0-9]/.test(text))).toEqual([])
    if (pictures && visitor === 'grace') await keepOfChromium(page)
  })
})
