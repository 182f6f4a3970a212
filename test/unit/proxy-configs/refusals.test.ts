// Promise: the pages with which proxies refuse by themselves are one design, and that is the application's.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const FOLDER = 'proxy-configs/refusals'
const pages = readdirSync(FOLDER)
  .filter(name => name.endsWith('.html'))
  .map(name => readFileSync(`${FOLDER}/${name}`, 'utf8'))

const frameOf = (page: string) => page.replace(/<title>.*<\/title>/, '').split('<main>')[0]

it('differ in title and text only', () => {
  expect(pages.length).toBeGreaterThan(1)
  expect(new Set(pages.map(frameOf)).size).toBe(1)
})

it('have the colours of the stylesheet, light and dark', () => {
  const stylesheet = readFileSync('app/web/gatehouse.css', 'utf8')
  const colours = [...(pages[0] ?? '').matchAll(/--[a-z]+: #[0-9a-f]+;/g)].map(([colour]) => colour)
  expect(colours).toHaveLength(12)
  for (const colour of colours) expect(stylesheet).toContain(colour)
})
