// Promise: an administrator sees what is asked for as it will be, harmless whatever it is, and decides just that.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { request } from '../../../../support/store/rows.ts'
import { type ApiLab, apiLab, applicant, OPERATOR } from '../../api-lab.ts'
import { linksIn, pagesOf } from './page-lab.ts'

let lab: ApiLab
let pages: ReturnType<typeof pagesOf>
beforeAll(async () => {
  lab = await apiLab()
  pages = pagesOf(lab)
})
afterAll(() => lab[Symbol.asyncDispose]())

async function waiting(commonName: string, subject = commonName) {
  const { csr } = await applicant(subject)
  const wish = { channel: 'certify', csr, pkcs12: 'compatible', commonName } as const
  const outcome = await lab.authority.register(OPERATOR, wish)
  if (outcome.kind !== 'queued') throw new Error('It was signed.')
  return outcome.request
}

const HOSTILE = '"><script>alert(1)</script>\u202egnp.exe\r\n'

it('shows hostile names as text, in the list and alone', async () => {
  const row = await waiting('Mallory Script', HOSTILE)
  const stored = request({ commonName: HOSTILE, organisation: HOSTILE, email: HOSTILE, warnings: [HOSTILE] })
  await lab.store.requests.add(stored)
  for (const path of ['', row.id, stored.id]) {
    const { text, status } = await pages.get(`/admin/requests/${path}`)
    expect(status).toBe(200)
    expect(text).toContain('&lt;script&gt;alert(1)')
    expect(text).not.toMatch(/<script|\u202e|\r/)
  }
})

it('shows what the signing request says beside what will be in the certificate', async () => {
  const row = await waiting('Ada Lovelace', 'Somebody Else')
  const { text } = await pages.get(`/admin/requests/${row.id}`)
  expect(text).toContain('<dd>Ada Lovelace</dd>')
  expect(text).toContain('<dd>CN=Somebody Else</dd>')
  expect(text).toContain('<dd>EC P-256</dd>')
  expect(text).toContain(`name="sha256" value="${row.sha256}"`)
})

it('approves what was looked at, once, and leads to its certificate', async () => {
  const { id, sha256 } = await waiting('Katherine Johnson')
  const other = await pages.post(`/admin/requests/${id}/approve`, { sha256: '00'.repeat(32) })
  expect([other.status, other.text.includes('REQUEST_CHANGED')]).toEqual([409, true])
  const { status, headers } = await pages.post(`/admin/requests/${id}/approve`, { sha256 })
  expect([status, headers.location]).toEqual([303, `../${id}`])
  expect((await pages.post(`/admin/requests/${id}/approve`, { sha256 })).status).toBe(409)
  const { text } = await pages.get(`/admin/requests/${id}`)
  const [certificate = ''] = linksIn(text, 'The certificate')
  const shown = await pages.get(`/admin/requests/${certificate}`)
  expect(shown.text).toContain('<dd>Katherine Johnson</dd>')
  expect(shown.text).toContain(lab.admin.certificate.serialNumber)
})

it('rejects with a reason, which it takes', async () => {
  const { id } = await waiting('Dorothy Vaughan')
  expect((await pages.post(`/admin/requests/${id}/reject`, { reason: '' })).status).toBe(400)
  await pages.post(`/admin/requests/${id}/reject`, { reason: 'Nobody <i>knows</i> her.' })
  const { text } = await pages.get(`/admin/requests/${id}`)
  expect(text).toContain('Rejected: Nobody &lt;i&gt;knows&lt;/i&gt; her.')
  expect(text).not.toContain('/approve"')
})

it('has pages of fifty, and says how many wait', async () => {
  await using busy = await apiLab()
  const { get } = pagesOf(busy)
  for (let i = 0; i < 51; i += 1) await busy.store.requests.add(request({ commonName: `Person ${i}` }))
  const first = await get('/admin/requests/')
  expect(first.text.match(/>Person /g)).toHaveLength(50)
  expect(first.text).toContain('>51<span class="unseen"> waiting</span>')
  const [next = ''] = linksIn(first.text, 'More')
  const second = await get(`/admin/requests/${next}`)
  expect(second.text.match(/>Person /g)).toHaveLength(1)
  expect(linksIn(second.text, 'More')).toEqual([])
})
