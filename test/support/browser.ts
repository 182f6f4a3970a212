// Debian's Chromium, as a person uses it: with a certificate that was imported from a .p12 file, chosen by the browser.
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core'
import { inject } from 'vitest'
import { demandSuccess, quietly } from '../../scripts/quietly.ts'
import { HOST } from './ask.ts'
import { temporaryFolder } from './lab.ts'
import { networkOf } from './network-of.ts'
import { PROXY_PORT, type Stack } from './stack.ts'

export interface Browser extends AsyncDisposable {
  readonly context: BrowserContext
  /** What the pages have said on the console, violations of their policy included. */
  readonly complaints: readonly string[]
}

/** Key and certificate in the file in which somebody got them. */
export interface Pkcs12 {
  readonly content: Buffer
  readonly passphrase: string
}

interface BrowserOptions extends Pick<BrowserContextOptions, 'javaScriptEnabled' | 'userAgent'> {
  /** Whose certificate is imported: `grace`, `cecilia`, `admin`; nobody's, if it is left out. */
  readonly as?: string
  /** Imported instead. */
  readonly pkcs12?: Pkcs12
}

/**
 * The browser presents the certificate that it has, unasked. The policy is the machine's: somebody else's browser chooses
 * by itself, too, meanwhile, for this name only.
 */
function certificatePolicy(): Disposable {
  const file = `/etc/chromium/policies/managed/gatehouse-test-${randomUUID()}.json`
  const rule = { pattern: `https://${HOST}`, filter: {} }
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify({ AutoSelectCertificateForUrls: [JSON.stringify(rule)] }))
  return { [Symbol.dispose]: () => rmSync(file, { force: true }) }
}

/**
 * In the network of that container: on the machine's own, Chromium gives up its requests (ERR_NETWORK_CHANGED) whenever a
 * container of another test comes or goes.
 */
async function chromiumBeside(container: string, home: string): Promise<string> {
  const file = join(home, 'chromium')
  const words = [...(await networkOf(container)), '/usr/bin/chromium']
  writeFileSync(file, `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`, { mode: 0o700 })
  return file
}

function ofKeySet(name: string): Pkcs12 {
  const path = `${inject('keys')}/${name}`
  return { content: readFileSync(`${path}.p12`), passphrase: readFileSync(`${path}.passphrase`, 'utf8') }
}

/** Where Chromium looks for certificates on Linux: the server root, and somebody's own as it was handed to him. */
async function importCertificates(home: string, own: Pkcs12 | undefined): Promise<void> {
  const folder = join(home, '.pki/nssdb')
  mkdirSync(folder, { recursive: true })
  const database = `sql:${folder}`
  const made = await quietly`certutil -N -d ${database} --empty-password`
  demandSuccess(made, 'COMMAND_FAILED', 'certutil -N')
  const trusted = await quietly`certutil -A -d ${database} -n root -t C,, -i ${inject('keys')}/root.pem`
  demandSuccess(trusted, 'COMMAND_FAILED', 'certutil -A')
  if (!own) return
  const [file, passphrase] = [join(home, 'own.p12'), join(home, 'passphrase')]
  writeFileSync(file, own.content)
  writeFileSync(passphrase, own.passphrase, { mode: 0o600 })
  const imported = await quietly`pk12util -d ${database} -i ${file} -w ${passphrase} -K ${''}`
  demandSuccess(imported, 'COMMAND_FAILED', 'pk12util')
}

export async function openBrowser(
  { container }: Pick<Stack, 'container'>,
  { as, pkcs12, ...ofContext }: BrowserOptions = {},
): Promise<Browser> {
  await using parts = new AsyncDisposableStack()
  const home = parts.use(temporaryFolder()).path
  parts.use(certificatePolicy())
  await importCertificates(home, pkcs12 ?? (as === undefined ? undefined : ofKeySet(as)))
  const context = await chromium.launchPersistentContext(join(home, 'profile'), {
    executablePath: await chromiumBeside(container, home),
    chromiumSandbox: false,
    args: [
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
    ],
    env: { ...process.env, HOME: home, TMPDIR: tmpdir() },
    baseURL: `https://${HOST}:${PROXY_PORT}`,
    viewport: { width: 1280, height: 900 },
    ...ofContext,
  })
  parts.defer(() => context.close())
  const complaints: string[] = []
  context.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  context.on('weberror', error => complaints.push(String(error.error())))
  const all = parts.move()
  return { context, complaints, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

export async function visit({ context }: Browser, path: string): Promise<Page> {
  const page = context.pages()[0] ?? (await context.newPage())
  await page.goto(path)
  return page
}

export async function heading(page: Page): Promise<string> {
  return await page.locator('h1').innerText()
}

/** What a click downloads; it outlives the browser. */
export async function save(button: Locator): Promise<{ readonly name: string; readonly content: Buffer }> {
  const [download] = await Promise.all([button.page().waitForEvent('download'), button.click()])
  return { name: download.suggestedFilename(), content: await readFile(await download.path()) }
}
