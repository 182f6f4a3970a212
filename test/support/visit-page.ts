import type { Page } from 'playwright-core'
import type { Browser } from './browser.ts'

/** The tab of a browser, at this address of the site. */
export async function visitPage({ context }: Pick<Browser, 'context'>, path: string): Promise<Page> {
  const page = context.pages()[0] ?? (await context.newPage())
  await page.goto(path)
  return page
}

export function headingOf(page: Page): Promise<string> {
  return page.locator('h1').innerText()
}
