// Promise: an administrator finds any certificate, page by page, and ends it; a hold is taken back.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { DAY, holder, issued } from '../../../../support/store/rows.ts'
import { type ApiLab, apiLab } from '../../api-lab.ts'
import { linksIn, pagesOf } from './page-lab.ts'

let lab: ApiLab
let pages: ReturnType<typeof pagesOf>
beforeAll(async () => {
  lab = await apiLab()
  pages = pagesOf(lab)
})
afterAll(() => lab[Symbol.asyncDispose]())

function namesIn(html: string): readonly string[] {
  return [...html.matchAll(/<bdi>(Row[^<]*)<\/bdi><\/a>/g)].map(([, name = '']) => name)
}

it('lists by page, state, search and order, and keeps these from page to page', async () => {
  await using full = await apiLab()
  const { get } = pagesOf(full)
  const now = Date.now()
  for (let i = 0; i < 60; i += 1) {
    const person = holder({ commonName: `Row ${String(i).padStart(2, '0')}`, organisation: '<b>"\u202e' })
    await full.store.holders.add(person)
    const revoked = i % 10 === 0 ? ({ revokedAt: now - DAY, revocationReason: 'superseded' } as const) : {}
    await full.store.certificates.record(
      issued(person, { recordedAt: now + i, notAfter: now + (i + 1) * DAY, ...revoked }),
    )
  }
  const path = '/admin/certificates/'
  const query = 'status=valid&search=row&order=expiry'
  const first = await get(`${path}?${query}`)
  expect(namesIn(first.text).slice(0, 2)).toEqual(['Row 01', 'Row 02'])
  expect(namesIn(first.text)).toHaveLength(50)
  expect(first.text).not.toMatch(/<b>|\u202e/)
  const [next = ''] = linksIn(first.text, 'More')
  const second = await get(`${path}${next}`)
  expect(namesIn(second.text)).toEqual(['Row 56', 'Row 57', 'Row 58', 'Row 59'])
  expect(linksIn(second.text, 'More')).toEqual([])
  expect(linksIn(second.text, 'From the beginning')).toEqual([`./?${query}`])
  expect(namesIn((await get(`${path}?order=name&search=row`)).text)[0]).toBe('Row 00')
  expect(namesIn((await get(`${path}?search=row`)).text)[0]).toBe('Row 59')
  expect(namesIn((await get(`${path}?status=revoked&search=ROW+1`)).text)).toEqual(['Row 10'])
})

it('fills the form in with what was searched for, as text', async () => {
  const { text } = await pages.get(`/admin/certificates/?search=${encodeURIComponent('"><script>')}`)
  expect(text).toContain('value="&quot;&gt;&lt;script&gt;"')
  expect(text).toContain('There is none of that kind.')
})

it('revokes with a reason, and says what the proxies say', async () => {
  const { certificate, headers } = await lab.person('Mary Jackson')
  const path = `/admin/certificates/${certificate.serialNumber}`
  const shown = await pages.post(`${path}/revoke`, { reason: 'keyCompromise' })
  expect(shown.status).toBe(200)
  expect(shown.text).toContain('Revoked, and refused from now on.')
  expect(shown.text).toContain('<dd>keyCompromise</dd>')
  expect((await lab.get('/', headers)).status).toBe(403)
  expect((await pages.get(path)).text).not.toContain(`${certificate.serialNumber}/revoke"`)
  expect((await pages.post(`${path}/revoke`, { reason: 'keyCompromise' })).status).toBe(409)
  expect((await lab.events('CERT_REVOKED')).at(-1)).toMatchObject({ actor: { name: 'Root' } })
})

it('ends a hold', async () => {
  const { certificate, headers } = await lab.person('Annie Easley')
  const path = `/admin/certificates/${certificate.serialNumber}`
  await pages.post(`${path}/revoke`, { reason: 'certificateHold' })
  expect((await pages.get(path)).text).toContain('End the hold')
  expect((await pages.post(`${path}/unhold`)).headers.location).toBe(`../${certificate.serialNumber}`)
  expect((await lab.get('/', headers)).status).toBe(200)
})

it('knows what it does not have', async () => {
  expect((await pages.get('/admin/certificates/00')).status).toBe(404)
  expect((await pages.get('/admin/certificates/?status=good')).status).toBe(400)
})
