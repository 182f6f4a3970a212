import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { $ } from 'zx'
import { ensureBaseImages } from './base-images.ts'
import { ensureDockerEngine } from './docker-engine.ts'
import { ensureTools } from './install-tools.ts'
import { runScript } from './run-script.ts'
import { ScriptError } from './script-error.ts'

const FOLDER = 'docs/screenshots'
const TAKEN = 'test-results/screenshots'

/**
 * The pictures are those that the browser test of all pages takes; the page that shows them is made of their names. The
 * old ones stay until all pages have passed.
 */
await runScript(async () => {
  parseArgs({ options: {} })
  await ensureTools()
  await ensureDockerEngine()
  await ensureBaseImages()
  await rm(TAKEN, { recursive: true, force: true })
  await mkdir(TAKEN, { recursive: true })
  const env = { ...process.env, GATEHOUSE_SCREENSHOTS: TAKEN }
  const shown = $({ nothrow: true, preferLocal: true, stdio: ['ignore', 'inherit', 'inherit'], env })
  const { exitCode } = await shown`vitest run test/e2e/browser-pages.test.ts --testNamePattern nginx`
  if (exitCode !== 0)
    throw new ScriptError('SCREENSHOTS_FAILED', 'Not every page is as it should be: see above.')
  const made = await readdir(TAKEN)
  const pages = made.filter(name => name.endsWith('-light.png')).map(name => name.replace('-light.png', ''))
  await writeFile(`${TAKEN}/README.md`, gallery(pages.toSorted()))
  await rm(FOLDER, { recursive: true, force: true })
  await rename(TAKEN, FOLDER)
  console.log(`${made.length} pictures of ${pages.length} pages are in ${FOLDER}.`)
})

function gallery(pages: readonly string[]): string {
  const shown = pages.map(
    page => `## ${page.replaceAll('-', ' ')}

<picture><source media="(prefers-color-scheme: dark)" srcset="${page}-dark.png"><img src="${page}-light.png" width="620" alt="The page ${page}"></picture>
<img src="${page}-narrow.png" width="200" align="top" alt="The page ${page} on a screen of 360 pixels">
`,
  )
  return `# Every page

Made by \`make screenshots\` in Debian's Chromium, through nginx. Each page is shown in light or dark as you prefer, and 360 pixels wide.

${shown.join('\n')}`
}
