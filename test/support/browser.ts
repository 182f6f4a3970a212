// Debian's Chromium, as a person uses it: with a certificate that was imported from a .p12 file, chosen by the browser.
import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'
import { inject } from 'vitest'
import { demandSuccess, quietly } from '../../scripts/quietly.ts'
import { HOST } from './ask.ts'
import { temporaryFolder } from './lab.ts'
import type { Stack } from './stack.ts'

export interface Browser extends AsyncDisposable {
  readonly context: BrowserContext
  /** What the pages have said on the console, violations of their policy included. */
  readonly complaints: readonly string[]
}

// Of the machine: a browser of somebody else's meanwhile chooses by itself, too, for this name only.
const POLICIES = '/etc/chromium/policies/managed'

/** From now on browsers present the certificate that they have, unasked; nothing of it is left when it is disposed of. */
export function certificatePolicy(): Disposable {
  const rule = { pattern: `https://${HOST}`, filter: {} }
  mkdirSync(POLICIES, { recursive: true })
  // One for each file of tests: the first that ends must not take it from the others.
  const policy = join(POLICIES, `gatehouse-tests-${randomUUID()}.json`)
  writeFileSync(policy, JSON.stringify({ AutoSelectCertificateForUrls: [JSON.stringify(rule)] }))
  return { [Symbol.dispose]: () => rmSync(policy, { force: true }) }
}

/** Where Chromium looks for certificates on Linux: the server root, and somebody's own as it was handed to him. */
async function importCertificates(home: string, name: string | undefined): Promise<void> {
  const keys = inject('keys')
  const folder = join(home, '.pki/nssdb')
  mkdirSync(folder, { recursive: true })
  const database = `sql:${folder}`
  const made = await quietly`certutil -N -d ${database} --empty-password`
  demandSuccess(made, 'COMMAND_FAILED', 'certutil -N')
  const trusted = await quietly`certutil -A -d ${database} -n root -t C,, -i ${keys}/root.pem`
  demandSuccess(trusted, 'COMMAND_FAILED', 'certutil -A')
  if (!name) return
  const [file, passphrase] = [`${keys}/${name}.p12`, `${keys}/${name}.passphrase`]
  const imported = await quietly`pk12util -d ${database} -i ${file} -w ${passphrase} -K ${''}`
  demandSuccess(imported, 'COMMAND_FAILED', 'pk12util')
}

/** @param as whose certificate is imported: `grace`, `cecilia`, `admin`; nobody's, if it is left out */
export async function openBrowser(
  { port }: Pick<Stack, 'port'>,
  { as }: { readonly as?: string } = {},
): Promise<Browser> {
  await using parts = new AsyncDisposableStack()
  const home = parts.use(temporaryFolder()).path
  await importCertificates(home, as)
  const context = await chromium.launchPersistentContext(join(home, 'profile'), {
    executablePath: '/usr/bin/chromium',
    chromiumSandbox: false,
    args: [
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
    ],
    env: { ...process.env, HOME: home, TMPDIR: tmpdir() },
    baseURL: `https://${HOST}:${port}`,
    viewport: { width: 1280, height: 900 },
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
