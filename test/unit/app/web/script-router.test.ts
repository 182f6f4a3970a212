// Promise: one page has a script, of our own, whole or not at all; no other page may have any.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bundleBrowser } from '../../../../scripts/bundle-browser.ts'
import { temporaryFolder } from '../../../support/lab.ts'
import { type ApiLab, apiLab, NOBODY } from '../api-lab.ts'
import { PAGE } from './form-token-of.ts'

let lab: ApiLab
beforeAll(async () => {
  lab = await apiLab()
})
afterAll(() => lab[Symbol.asyncDispose]())

const page = async (path: string) => await lab.get(path, { ...NOBODY, ...PAGE })

async function script() {
  const { text } = await page('/tlsauth/register/')
  const [, path = '', integrity] =
    /<script type="module" src="\.\/\.\.\/\.\.\/([^"]+)" integrity="([^"]+)"><\/script>/.exec(text) ?? []
  return { path: `/${path}`, integrity }
}

it('is pinned by the digest of what is served, and kept for good under its name', async () => {
  const { path, integrity } = await script()
  const { status, headers, body } = await lab.get(path).responseType('blob')
  expect(status).toBe(200)
  expect(integrity).toBe(`sha384-${createHash('sha384').update(body).digest('base64')}`)
  expect(headers['content-type']).toBe('text/javascript; charset=utf-8')
  expect(headers['cache-control']).toBe('public, max-age=31536000, immutable')
  expect((await lab.get(path.replace(/-\w+/, '-0123456789abcdef'))).status).toBe(404)
  expect((await lab.post(path, NOBODY)).status).toBe(405)
})

it('is allowed where it is, from here only', async () => {
  const allowed = (await page('/tlsauth/register/')).headers['content-security-policy']
  expect(allowed).toContain("default-src 'none'")
  expect(allowed).toContain("script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'")
  expect(allowed).not.toContain('unsafe')
  for (const path of ['/', '/pastes', '/tlsauth/certify/', '/tlsauth/import/', '/nothing']) {
    const { headers, text } = await page(path)
    expect(headers['content-security-policy']).not.toContain('script-src')
    expect(text).not.toContain('<script')
  }
})

it('is the same whenever it is built', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'built.js')
  await bundleBrowser(file)
  const { body } = await lab.get((await script()).path).responseType('blob')
  expect(readFileSync(file).equals(body)).toBe(true)
})
