import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { echo } from 'zx'
import type { Greeting } from './demo-greeting.ts'
import { ScriptError } from './script-error.ts'

const ROOT = join(import.meta.dirname, '..')
const run = promisify(execFile)

interface KeyReport {
  readonly outcome: string
  readonly certificates: readonly {
    readonly file: string
    readonly role: string
    readonly name: string
    readonly notAfter: string
  }[]
}

/**
 * The whole of `make generate-keys`, with its owners and .env, but only one line of what it says.
 * @param wanted common names that must be there; left out, whoever is in the set
 * @returns the people of the set who can be greeted; not the administrator unless asked for
 * @throws ScriptError KEYS_FAILED, KEYS_EXPIRED
 */
export async function ensureKeys(wanted?: readonly string[]): Promise<readonly Greeting[]> {
  // A replaced key set is a decision of its own: FORCE=1 of an earlier command must not reach it here.
  const env = { ...process.env, FORCE: '', ...(wanted && { USERS: wanted.join(',') }) }
  const made = await run(process.execPath, ['scripts/generate-keys.ts', '--json'], { cwd: ROOT, env }).catch(
    error => {
      throw new ScriptError('KEYS_FAILED', String(error.stderr).trim())
    },
  )
  const { outcome, certificates } = JSON.parse(made.stdout) as KeyReport
  echo(outcome === 'unchanged' ? 'The keys in keys/ are used.' : 'Keys were made in keys/.')
  const users = certificates.filter(({ role }) => role === 'user')
  const people = wanted
    ? wanted.flatMap(name => users.find(user => user.name === name) ?? [])
    : users.filter(({ name }) => name !== 'Administrator')
  people.forEach(assertCurrent)
  return people.map(({ name, file }) => ({ name, file: `keys/${file.replace(/\.crt$/, '')}` }))
}

function assertCurrent({ file, notAfter }: KeyReport['certificates'][number]): void {
  if (Date.parse(notAfter) > Date.now()) return
  throw new ScriptError(
    'KEYS_EXPIRED',
    `keys/${file} expired at ${notAfter}. A new set is made by: make generate-keys FORCE=1 (the old one is kept beside it)`,
  )
}
