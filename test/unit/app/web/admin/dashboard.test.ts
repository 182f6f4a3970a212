// Promise: the overview counts right, and each plot can be read without seeing it.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ApiLab, apiLab, OPERATOR } from '../../api-lab.ts'
import { pagesOf } from './page-lab.ts'

let lab: ApiLab
let text: string
beforeAll(async () => {
  lab = await apiLab()
  const { certificate } = await lab.person('Victim')
  const following = { name: 'nginx', address: '192.0.2.1' }
  const { signal } = new AbortController()
  const follow = async () => {
    const after = await lab.store.proxyList.generation()
    await lab.authority.proxies.follow(following, { after, waitMs: 1, signal })
  }
  await follow()
  const revoked = await lab.authority.revoke(OPERATOR, {
    serial: certificate.serialNumber,
    reason: 'superseded',
  })
  await follow()
  await revoked.refusals
  await lab.authority.revocationLists.publish()
  await lab.get('/')
  text = (await pagesOf(lab).get('/admin/')).text
})
afterAll(() => lab[Symbol.asyncDispose]())

it('has the figures', () => {
  const tiles = [...text.matchAll(/<strong>(\d+)<\/strong> ([^<]+)</g)].map(
    ([, value, label]) => `${value} ${label}`,
  )
  expect(tiles).toEqual([
    '0 waiting requests',
    '2 valid certificates',
    '0 expire within 30 days',
    '1 revoked',
    '0 expired',
  ])
  expect(text).toContain('In the last 30 days 3 certificates were issued and 1 revoked.')
  expect(text).toContain('2 certificates expire in the next 26 weeks.')
  expect(text).toMatch(/<th scope="row">nginx<\/th><td>1<\/td><td>\d+ ms<\/td>/)
  expect(text).toMatch(/<th scope="row">anonymous<\/th><td>1<\/td>/)
  expect(text).toContain('<span class="badge good">fresh</span>')
})

it('has for each plot a title, a description and a table', () => {
  const plots = text.match(/<svg [^>]*role="img"[\s\S]*?<\/svg>/g) ?? []
  expect(plots).toHaveLength(5)
  for (const plot of plots) {
    const [, title = '', description = ''] = /role="img" aria-labelledby="(\S+) (\S+)"/.exec(plot) ?? []
    expect(plot).toMatch(new RegExp(`<title id="${title}">[^<]+</title>`))
    expect(plot).toMatch(new RegExp(`<desc id="${description}">[^<]+</desc>`))
    expect(plot).not.toMatch(/NaN|undefined|Infinity|style=|<script/)
  }
  expect(text.match(/<summary>As a table<\/summary>/g)).toHaveLength(plots.length)
})

it('says that there is nothing where there is nothing', async () => {
  await using fresh = await apiLab()
  const page = await pagesOf(fresh).get('/admin/')
  expect(page.text).toContain('Nothing was revoked since this process started')
  expect(page.text).toContain('<span class="badge warn">none yet</span>')
  expect(page.text).not.toMatch(/NaN|undefined|Infinity/)
})
