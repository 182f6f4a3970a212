// Nothing that a page of another origin makes an administrator's browser send changes anything, and it can frame no page.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, HOST, person } from '../support/ask.ts'
import { type Browser, openBrowser, visit } from '../support/browser.ts'
import { call } from '../support/enrol.ts'
import { foreignSite } from '../support/foreign-site.ts'
import { proxies } from '../support/fronts.ts'
import { invited } from '../support/gate-visitor.ts'
import { issue, newRequest } from '../support/operator.ts'
import { PROXY_PORT, useStack } from '../support/stack.ts'
import { filledIn, routesLab } from '../unit/app/web/routes-lab.ts'

let changing: readonly string[]
beforeAll(async () => {
  await using lab = await routesLab()
  changing = lab.routes.filter(route => route.changing.length > 0).map(({ path }) => path)
})

const PAGES = ['/', '/admin/', '/admin/requests/', '/admin/gate/', '/certificates/', '/pastes', '/_auth/']

type Form = Readonly<Record<string, string>>

/** Calls a function of the foreign page that the tab shows. */
function make(page: Page, name: 'submitForm' | 'follow' | 'fetchAll' | 'frame', ...values: unknown[]) {
  return page.evaluate(`${name}(...${JSON.stringify(values)})`)
}

// One proxy: what is refused, the application refuses, by headers that header-sanitisation.test.ts sees come through all.
describe.each(proxies.slice(0, 1))('$name', proxy => {
  const stack = useStack(proxy)
  let admin: Browser
  let targets: readonly (readonly [path: string, form: Form])[]
  beforeAll(async () => {
    const as = person('admin')
    const { serial } = await issue(stack(), 'Victim')
    const { csr } = await newRequest()
    const { json: waiting } = await call(stack(), '/tlsauth/certify/', { body: { csr, common_name: 'Ada' } })
    const headers = [
      ['Content-Type', 'text/plain'],
      ['Accept', 'application/json'],
    ] as const
    const paste = JSON.parse(
      (await ask(stack(), { method: 'POST', path: '/pastes', as, headers, body: 'kept' })).body,
    )
    await invited(stack(), 'Ida')
    const { users } = (await call(stack(), '/_auth/users', { as })).json as { users: { id: string }[] }
    const things = { request: String(waiting.id), serial, paste: paste.id, user: String(users[0]?.id) }
    targets = changing.map(path => [
      filledIn(path, things),
      formFor(path, { serial, sha256: String(waiting.sha256) }),
    ])
    admin = await openBrowser(stack(), { as: 'admin' })
  })
  afterAll(() => admin?.[Symbol.asyncDispose]())

  const url = (path: string) => `https://${HOST}:${PROXY_PORT}${path}`
  const read = async (path: string) => (await call(stack(), path, { as: person('admin') })).json

  async function state(): Promise<unknown> {
    const lists = ['/pki/certs', '/pki/requests', '/_auth/users', '/pastes?all=true']
    return await Promise.all(lists.map(read))
  }

  /** The paths at which an administrator was refused for where he came from. */
  async function refusedSince(sequence: number): Promise<ReadonlySet<string>> {
    const { events } = (await read(`/pki/audit?after=${sequence}&limit=1000`)) as {
      events: { record: string }[]
    }
    const records = events.map(({ record }) => JSON.parse(record))
    const refused = records.filter(({ code, level }) => code === 'CROSS_SITE' && level === 'admin')
    return new Set(refused.map(({ path }) => path))
  }

  async function headOfAudit(): Promise<number> {
    const { head } = (await read('/pki/audit?limit=1')) as { head: { sequence: number } }
    return head.sequence
  }

  describe.each(['cross-site', 'same-site'] as const)('a page that is %s', kind => {
    it('changes nothing by forms', async () => {
      await using evil = await foreignSite(kind, stack())
      const [before, sequence] = [await state(), await headOfAudit()]
      for (const [path, form] of targets) {
        const page = await visit(admin, evil.origin)
        await make(page, 'submitForm', url(path), form)
        await page.waitForURL(url(path))
        expect([path, await page.locator('body').innerText()]).toEqual([
          path,
          expect.stringContaining('CROSS_SITE'),
        ])
      }
      expect(await state()).toEqual(before)
      expect(await refusedSince(sequence)).toEqual(new Set(targets.map(([path]) => path)))
    })

    it('changes nothing by scripts, and reads nothing', async () => {
      await using evil = await foreignSite(kind, stack())
      const [before, sequence] = [await state(), await headOfAudit()]
      const page = await visit(admin, evil.origin)
      const all = targets.map(([path, form]) => [url(path), form])
      expect(await make(page, 'fetchAll', all)).toBe(0)
      expect(await state()).toEqual(before)
      expect(await refusedSince(sequence)).toEqual(new Set(targets.map(([path]) => path)))
    })

    it('changes nothing by links', async () => {
      await using evil = await foreignSite(kind, stack())
      const before = await state()
      for (const [path, form] of targets) {
        const page = await visit(admin, evil.origin)
        const target = url(`${path}?${new URLSearchParams(form)}`)
        await make(page, 'follow', target)
        await page.waitForURL(target)
      }
      expect(await state()).toEqual(before)
    })

    it('can frame its own pages, and none of ours', async () => {
      await using evil = await foreignSite(kind, stack())
      const page = await visit(admin, evil.origin)
      await make(page, 'frame', evil.origin)
      for (const path of PAGES) await make(page, 'frame', url(path))
      const [, own, ...ours] = page.frames()
      expect(await own?.locator('h1').innerText()).toBe('Elsewhere')
      expect(ours.map(each => each.url())).toEqual(PAGES.map(() => 'chrome-error://chromewebdata/'))
      const refused = admin.complaints.slice(-PAGES.length)
      expect(refused).toEqual(PAGES.map(() => expect.stringContaining("frame-ancestors 'none'")))
    })
  })
})

/** What would be done with it, if it were let. */
function formFor(
  path: string,
  { serial, sha256 }: { readonly serial: string; readonly sha256: string },
): Form {
  if (/approve$|sign$/.test(path)) return { sha256 }
  if (path === '/certificates/revoke') return { serial, reason: 'superseded' }
  if (/reject$|revoke/.test(path)) return { reason: 'superseded' }
  if (/invit/.test(path)) return { user: 'Eve' }
  return /register|certify|issue/.test(path) ? { common_name: 'Eve' } : {}
}
