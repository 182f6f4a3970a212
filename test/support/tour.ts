// Every page that people see, and how one comes to it.
import type { Page } from 'playwright-core'
import { codeOfSecret } from '../unit/app/gate/gate-lab.ts'
import type { Past } from './past.ts'

export interface Stop {
  /** Of the picture, too. */
  readonly name: string
  readonly go: (page: Page, past: Past) => Promise<unknown>
}

/** Whose certificate the browser has; `cecilia`'s is revoked. */
export type Visitor = 'nobody' | 'cecilia' | 'grace' | 'admin'

function at(name: string, path: string | ((past: Past) => string)): Stop {
  return { name, go: (page, past) => page.goto(typeof path === 'string' ? path : path(past)) }
}

async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name }).first().click()
}

async function askForCertificate(page: Page, name: string, organisation: string): Promise<void> {
  await page.goto('/tlsauth/register/')
  await page.getByText('Key made by the server').click()
  const form = page.locator('#by-server')
  await form.getByLabel('Your name').fill(name)
  await form.getByLabel('Organisation').fill(organisation)
  await form.getByRole('button', { name: 'Make my certificate' }).click()
}

async function makeKey(page: Page): Promise<void> {
  await page.goto('/tlsauth/register/')
  const form = page.getByRole('article', { name: 'Key made in this browser' })
  await form.getByLabel('Your name').fill('Ida Rhodes')
  await press(page, 'Make my key and certificate')
  await page.getByRole('button', { name: 'Download .p12' }).waitFor()
}

async function paste(page: Page): Promise<void> {
  await page.goto('/pastes')
  await page.getByLabel('Text').fill('Sept. 9, 1947\n15:45  Relay #70, panel F: moth in relay.\n')
  await page.getByLabel('Name').fill('logbook.txt')
  await press(page, 'Paste')
  await page.getByText('moth in relay').waitFor()
}

async function finishSetup(page: Page): Promise<void> {
  const secret = await page.locator('dd code').first().innerText()
  await page.getByLabel('The code that your app shows now').fill(codeOfSecret(secret))
  await press(page, 'Finish')
}

async function revokeOne(page: Page): Promise<void> {
  await page.goto('/admin/certificates/?search=Frances')
  await page.getByRole('link', { name: 'Frances Allen' }).click()
  await page.getByLabel('Reason').selectOption('keyCompromise')
  await press(page, 'Revoke the certificate')
  await page.getByText('refused from now on').waitFor()
}

async function invite(page: Page): Promise<void> {
  await page.goto('/admin/gate/')
  await page.getByLabel('Name').fill('Ada Lovelace')
  await press(page, 'Invite')
}

export const TOUR: Readonly<Record<Visitor, readonly Stop[]>> = {
  nobody: [
    at('home-nobody', '/'),
    at('register', '/tlsauth/register/'),
    { name: 'register-refused', go: page => askForCertificate(page, 'Grace Hopper', 'CA admins') },
    { name: 'register-issued', go: page => askForCertificate(page, 'Gertrude Blanch', 'Observatory') },
    { name: 'register-key-made', go: makeKey },
    at('certify', '/tlsauth/certify/'),
    at('import', '/tlsauth/import/?system=macos'),
    at('request-waiting', ({ waiting }) => `/pki/requests/${waiting}`),
    at('request-rejected', ({ rejected }) => `/pki/requests/${rejected}`),
    at('request-approved', ({ approved }) => `/pki/requests/${approved}`),
    at('pastes-nobody', '/pastes'),
    at('gate-login', '/_auth/login?url=%2Finternal%2F'),
    at('gate-setup', '/_auth/setup'),
    at('reason-missing', '/admin/'),
    at('not-found', '/nowhere'),
  ],
  cecilia: [at('reason-revoked', '/')],
  grace: [
    at('home', '/'),
    at('certificates', '/certificates/'),
    { name: 'paste', go: paste },
    at('pastes', '/pastes'),
    at('gate-account', '/_auth/'),
    at('gate-setup-certificate', '/_auth/setup'),
    { name: 'gate-setup-code', go: page => press(page, 'Set up for Grace Hopper') },
    { name: 'gate-setup-done', go: finishSetup },
    at('gate-account-open', '/_auth/'),
    at('guarded', '/tlsauth/test/gatehouse/'),
    at('reason-level', '/admin/'),
  ],
  admin: [
    at('admin-requests', '/admin/requests/'),
    at('admin-request', ({ waiting }) => `/admin/requests/${waiting}`),
    at('admin-certificates', '/admin/certificates/'),
    at('admin-certificate', ({ good }) => `/admin/certificates/${good}`),
    at('admin-certificate-revoked', ({ revoked }) => `/admin/certificates/${revoked}`),
    { name: 'admin-revoked', go: revokeOne },
    { name: 'admin-gate', go: invite },
    at('admin-audit', '/admin/audit/?verify=whole'),
    at('admin-dashboard', '/admin/'),
  ],
}
