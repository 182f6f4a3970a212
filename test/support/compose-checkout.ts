import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { $, type Shell } from 'zx'

const ROOT = join(import.meta.dirname, '../..')
// What Git ignores, and Git's own: a clone has none of it.
const NOT_CLONED = /^(\.git|\.env.*|node_modules|test-results|keys|keys\..*)$/
// Set by whoever works here; a new user has none of them.
const OURS = /^(GATEHOUSE_|COMPOSE_|CLIENT_CERT$|MAKE|FORCE$|USERS$|KEY_TYPE$|DAYS$|HOSTS$|PKCS12$|JSON$)/

/** What a new user has after `git clone` and `npm ci`, with a Compose project of its own. */
export interface Checkout extends AsyncDisposable {
  readonly path: string
  readonly project: string
  /** Runs a command there, and neither shows what it says nor throws when it fails. */
  readonly run: Shell
  runWith(environment: Readonly<Record<string, string>>): Shell
}

export async function makeCheckout(project: string): Promise<Checkout> {
  const path = await mkdtemp(join(tmpdir(), 'gatehouse-checkout-'))
  await cp(ROOT, path, { recursive: true, filter: source => !NOT_CLONED.test(firstPart(source)) })
  await symlink(join(ROOT, 'node_modules'), join(path, 'node_modules'))
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)))
  const runWith = (environment: Readonly<Record<string, string>>) =>
    $({
      cwd: path,
      env: { ...inherited, COMPOSE_PROJECT_NAME: project, ...environment },
      nothrow: true,
      quiet: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  return {
    path,
    project,
    run: runWith({}),
    runWith,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

function firstPart(source: string): string {
  return relative(ROOT, source).split(sep)[0] ?? ''
}
