// Whatever a name contains, on the pages of an administrator it is a name: no element, no script, no other order of letters.
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '../../app/store/open-store.ts'
import { createSigningRequest } from '../../pki/create-signing-request.ts'
import { generateKey } from '../../pki/key-type.ts'
import { encodeSigningRequestPem } from '../../pki/pem.ts'
import { openBrowser, visit } from '../support/browser.ts'
import { proxies } from '../support/fronts.ts'
import { temporaryFolder } from '../support/lab.ts'
import { giveAway } from '../support/past.ts'
import { useStack } from '../support/stack.ts'
import { holder, issued, request } from '../support/store/rows.ts'

// In the store as they are: most of them the authority would refuse, and what is shown must not depend on that.
const NAMES = [
  '<script>document.title = "owned"</script>',
  '<img src=x onerror="document.title = 1" id="owned">',
  '"><b id="owned">bold</b>',
  '</title></h1><b id="owned">',
  "' onmouseover='alert(1)' id='owned",
  '<%= 6 * 7 %>{{6*7}}',
  'javascript:alert(1)',
  'Grace\u202ereppoH\u202c',
  'Gra\u200bce\u00adHop\u2060per',
  `Zal${'\u0301\u0316'.repeat(60)}go`,
  'W'.repeat(64),
  '\u{1F9D1}\u200d\u{1F680}'.repeat(20),
  'Two\r\nlines\u0000and\u001b[31m',
]
// What turns the reading order round, hides, or is no text at all.
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cf}]/u

const rows = NAMES.map(commonName => ({ commonName, owner: holder({ commonName }) }))

async function csrOf(value: string): Promise<string> {
  const { privateKey } = await generateKey('ec-p256')
  return encodeSigningRequestPem(await createSigningRequest({ subject: [{ type: 'CN', value }] }, privateKey))
}

/** One request and one certificate for each name; their numbers, in the order of the names. */
async function fill(folder: string) {
  await using store = await openStore({
    url: `sqlite:${join(folder, 'gatehouse.sqlite')}`,
    now: () => new Date(),
  })
  const now = Date.now()
  const made = []
  for (const { commonName, owner } of rows) {
    const names = { commonName, organisation: commonName, email: commonName }
    const asked = request({
      ...names,
      csr: await csrOf(commonName),
      warnings: [`Not granted: ${commonName}`],
      requestedAt: now,
    })
    const certificate = issued({ ...owner, ...names }, { notAfter: now + 1e9 })
    await store.holders.add(owner)
    await store.requests.add(asked)
    await store.certificates.record(certificate)
    await store.audit.append({ event: 'REQUEST_SUBMITTED', at: now, ...names })
    made.push({ commonName, id: asked.id, serial: certificate.serial })
  }
  return made
}

describe.each(proxies.slice(0, 1))('$name', proxy => {
  const folder = temporaryFolder()
  let made: Awaited<ReturnType<typeof fill>>
  beforeAll(async () => {
    made = await fill(folder.path)
    giveAway(folder.path)
  })
  afterAll(() => folder[Symbol.dispose]())
  const stack = useStack(proxy, { store: folder.path })

  async function expectInert(page: Page, about: string): Promise<void> {
    expect([about, await page.locator('#owned, main script, main img, main b').count()]).toEqual([about, 0])
    const text = `${await page.title()}\n${await page.locator('body').innerText()}`
    expect([about, UNSEEN.exec(text)]).toEqual([about, null])
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 800 })
      const over = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
      expect([about, width, over > 0]).toEqual([about, width, false])
    }
  }

  it('every page that shows a name', { timeout: 120_000 }, async () => {
    await using admin = await openBrowser(stack(), { as: 'admin' })
    let page = await visit(admin, '/admin/')
    page.on('dialog', dialog => expect.unreachable(dialog.message()))
    for (const path of [
      '/admin/requests/',
      '/admin/certificates/',
      '/admin/certificates/?order=name',
      '/admin/audit/',
      '/admin/',
    ]) {
      page = await visit(admin, path)
      await expectInert(page, path)
    }
    for (const { commonName, id, serial } of made) {
      for (const path of [`/admin/requests/${id}`, `/admin/certificates/${serial}`, `/pki/requests/${id}`]) {
        page = await visit(admin, path)
        await expectInert(page, `${path} of ${JSON.stringify(commonName)}`)
      }
      const path = `/admin/certificates/?search=${encodeURIComponent(commonName)}`
      page = await visit(admin, path)
      await expectInert(page, path)
    }
    expect(admin.complaints).toEqual([])
  })
})
