// Promise: the trail is read from its end, searched as far as it goes, and a change in it is seen.
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openStore } from '../../../../../app/store/open-store.ts'
import { temporaryFolder } from '../../../../support/lab.ts'
import { type ApiLab, apiLab } from '../../api-lab.ts'
import { linksIn, pagesOf } from './page-lab.ts'

let lab: ApiLab
let pages: ReturnType<typeof pagesOf>
beforeAll(async () => {
  lab = await apiLab()
  pages = pagesOf(lab)
})
afterAll(() => lab[Symbol.asyncDispose]())

function sequencesIn(html: string): readonly number[] {
  return [...html.matchAll(/<small class="muted">(\d+)<\/small><\/td>/g)].map(([, number]) => Number(number))
}

it('pages from the newest to the first without a gap', async () => {
  await using long = await apiLab()
  for (let i = 0; i < 120; i += 1) await long.store.audit.append({ event: 'TEST', at: i })
  const { get } = pagesOf(long)
  const seen: number[] = []
  for (let next: string | undefined = './'; next !== undefined; ) {
    const { text } = await get(`/admin/audit/${next}`)
    seen.push(...sequencesIn(text).filter(sequence => !seen.includes(sequence)))
    next = linksIn(text, 'More')[0]
  }
  expect(seen.at(-1)).toBe(1)
  expect(seen).toEqual(seen.map((_, index) => seen.length - index))
})

it('finds by kind and by part of the record, whatever its case', async () => {
  const { certificate } = await lab.person('Margaret Hamilton')
  await pages.post(`/admin/certificates/${certificate.serialNumber}/revoke`, { reason: 'superseded' })
  const found = async (query: string) => {
    const { text } = await pages.get(`/admin/audit/?${query}`)
    return [...text.matchAll(/data-label="Event"><span class="badge(?: bad)?">([A-Z_]+)</g)].map(
      ([, event]) => event,
    )
  }
  expect(await found('search=MARGARET+ham')).toContain('CERT_RECORDED')
  const serial = certificate.serialNumber.toLowerCase()
  expect(await found(`search=${serial}&kind=certificates`)).toContain('CERT_REVOKED')
  expect(await found(`search=${serial}&kind=gate`)).toEqual([])
  expect((await found('kind=logins')).every(event => event?.startsWith('AUTH_'))).toBe(true)
})

it('shows what others have written as text', async () => {
  await lab.store.audit.append({
    event: 'TEST',
    at: 0,
    name: '<script>\u202e',
    reason: '"><script>',
    '<b>': 1,
    level: 'x" onload="',
  })
  const { text } = await pages.get('/admin/audit/?search=onload')
  expect(sequencesIn(text).length).toBeGreaterThan(0)
  expect(text).not.toMatch(/<script|<b>|\u202e|x" onload/)
})

it('verifies the whole of it when it is asked to', async () => {
  expect((await pages.get('/admin/audit/')).text).toContain('not verified now')
  expect((await pages.get('/admin/audit/?verify=whole')).text).toContain('<span class="badge good">whole')
})

it.each([
  [
    "update audit_events set record = replace(record, 'b', 'c') where sequence = 2",
    'Event 2: it was changed',
  ],
  ['delete from audit_events where sequence = 2', 'Event 2: it is missing'],
  ['delete from audit_events where sequence = (select max(sequence) from audit_events)', 'it is missing'],
])('sees: %s', async (change, told) => {
  using folder = temporaryFolder()
  const path = `${folder.path}/store.sqlite`
  const store = await openStore({ url: `sqlite:${path}`, now: () => new Date() })
  for (const what of ['a', 'b', 'c']) await store.audit.append({ event: 'TEST', at: 0, what })
  await using broken = await apiLab({ store })
  await broken.settled()
  const db = new DatabaseSync(path)
  db.exec(change)
  db.close()
  const { text } = await pagesOf(broken).get('/admin/audit/?verify=whole')
  expect(text).toContain('<span class="badge bad">broken')
  expect(text).toContain(told)
})

it('says in short what each is about, and tells a timer from somebody unknown', async () => {
  await lab.store.audit.append({
    event: 'CRL_PUBLISHED',
    at: 1,
    number: 70_009,
    address: null,
    requestId: null,
  })
  await lab.store.audit.append({ event: 'TEST', at: 1, code: 'SAID_NO', path: '/x', address: '192.0.2.7' })
  const rows = (await pages.get('/admin/audit/')).text.split('<tr>')
  const row = (summary: string) => rows.find(each => each.includes(`<summary>${summary}</summary>`))
  expect(row('70009')).toContain('<bdi>Gatehouse itself</bdi>')
  expect(row('SAID_NO · /x')).toContain('<bdi>nobody known</bdi>')
})
