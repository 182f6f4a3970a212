import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { $ } from 'zx'
import { ensureBaseImages } from './base-images.ts'
import { ensureDockerEngine } from './docker-engine.ts'
import { ensureTools } from './install-tools.ts'
import { runScript } from './run-script.ts'
import { ScriptError } from './script-error.ts'

const FOLDER = 'docs/screenshots'

/** The pictures are those that the browser test of all pages takes; the page that shows them is made of their names. */
await runScript(async () => {
  parseArgs({ options: {} })
  await ensureTools()
  await ensureDockerEngine()
  await ensureBaseImages()
  await mkdir(FOLDER, { recursive: true })
  const old = (await readdir(FOLDER)).filter(name => name.endsWith('.png'))
  for (const name of old) await rm(`${FOLDER}/${name}`)
  const shown = $({ nothrow: true, preferLocal: true, stdio: ['ignore', 'inherit', 'inherit'] })
  const env = { ...process.env, GATEHOUSE_SCREENSHOTS: FOLDER }
  const { exitCode } = await shown({ env })`vitest run test/e2e/browser-pages.test.ts --testNamePattern nginx`
  if (exitCode !== 0)
    throw new ScriptError('SCREENSHOTS_FAILED', 'Not every page is as it should be: see above.')
  const made = (await readdir(FOLDER)).filter(name => name.endsWith('.png'))
  const pages = made.filter(name => name.endsWith('-light.png')).map(name => name.replace('-light.png', ''))
  await writeFile(`${FOLDER}/README.md`, gallery(pages))
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
