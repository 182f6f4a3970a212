import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

// Called `moderate` are matters of taste; what keeps somebody out is serious or critical.
const SERIOUS = ['serious', 'critical']

/** What axe finds serious on a page, with where it is; the policy of the page does not hold for what a debugger runs. */
export async function seriousFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE)
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') }
    const { violations } = await axe.run()
    return violations.map(({ id, impact, nodes }) => ({
      id,
      impact: impact ?? '',
      where: nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`),
    }))
  })
  return violations
    .filter(({ impact }) => SERIOUS.includes(impact))
    .flatMap(({ id, where }) => where.map(place => `${id}: ${place}`))
}
