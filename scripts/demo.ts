import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { chalk, echo } from 'zx'
import { curlCommand, type Greeting, greet, hasCurl } from './demo-greeting.ts'
import { type DirectApp, startDirectApp } from './direct-app.ts'
import { runScript } from './run-script.ts'
import { ScriptError } from './script-error.ts'

const HELP = `Shows login by client certificate without Docker: keys, the application with direct TLS, three greetings.

  make demo     ends after the greetings
  make start    stays until Ctrl-C (npm run -s demo -- --stay)

GATEHOUSE_PORT=  another port than 8440`

const ROOT = join(import.meta.dirname, '..')
const run = promisify(execFile)

await runScript(async () => {
  const { values } = parseArgs({ options: { stay: { type: 'boolean' }, help: { type: 'boolean' } } })
  if (values.help) return echo(HELP)
  const greetings = await ensureKeys(['Grace Hopper', 'Cecilia Payne'])
  const interrupted = nextSignal()
  await using app = await startDirectApp(ROOT)
  echo(`\nThe application listens on ${app.url} and asks for a client certificate.`)
  await Promise.race([demonstrate(app, greetings, values.stay === true), interrupted])
})

interface KeyReport {
  readonly outcome: string
  readonly certificates: readonly {
    readonly file: string
    readonly role: string
    readonly name: string
    readonly notAfter: string
  }[]
}

/** The whole of `make generate-keys`, with the two people of the demonstration, whoever else there is. */
async function ensureKeys(people: readonly string[]): Promise<Greeting[]> {
  // A replaced key set is a decision of its own: FORCE=1 of an earlier command must not reach it here.
  const env = { ...process.env, FORCE: '', USERS: people.join(',') }
  const script = join(ROOT, 'scripts/generate-keys.ts')
  const made = await run(process.execPath, [script, '--json'], { cwd: ROOT, env }).catch(error => {
    throw new ScriptError('KEYS_FAILED', String(error.stderr).trim())
  })
  const { outcome, certificates } = JSON.parse(made.stdout) as KeyReport
  echo(outcome === 'unchanged' ? 'The keys in keys/ are used.' : 'Keys were made in keys/.')
  return people.map(name => {
    const user = certificates.find(certificate => certificate.role === 'user' && certificate.name === name)
    if (!user) throw new ScriptError('KEYS_FAILED', `keys/ has no certificate for ${name}.`)
    assertCurrent(user)
    return { name, file: `keys/${user.file.replace(/\.crt$/, '')}` }
  })
}

function assertCurrent({ file, notAfter }: KeyReport['certificates'][number]): void {
  if (Date.parse(notAfter) > Date.now()) return
  throw new ScriptError(
    'KEYS_EXPIRED',
    `keys/${file} expired at ${notAfter}. A new set is made by: make generate-keys FORCE=1 (the old one is kept beside it)`,
  )
}

async function demonstrate(
  app: DirectApp,
  greetings: readonly Greeting[],
  isStaying: boolean,
): Promise<void> {
  await showGreetings(app, greetings)
  if (isStaying) await stay(app)
}

async function showGreetings({ url, secureFetch }: DirectApp, greetings: readonly Greeting[]): Promise<void> {
  const isCurlThere = await hasCurl()
  if (!isCurlThere) {
    echo(
      chalk.yellow('curl is not installed (Debian, Ubuntu: apt-get install curl): Node asks in its place.'),
    )
  }
  for (const greeting of [undefined, ...greetings]) {
    const expected = `Hello ${greeting?.name ?? 'Unauthorized'}!`
    const command = curlCommand(url, greeting)
    echo(`\n${chalk.bold(greeting?.name ?? 'Nobody (no certificate)')}\n${chalk.dim('$')} ${command}`)
    const answer = isCurlThere ? await greet(command, ROOT) : await secureFetch(greeting?.file)
    echo(answer.trimEnd())
    if (answer === `${expected}\n`) continue
    throw new ScriptError('GREETING_WRONG', `That should have been "${expected}".`)
  }
}

async function stay({ url, ended }: DirectApp): Promise<void> {
  const first = url.replace('localhost', 'gatehouse.localhost')
  echo(`\nIt stays: open ${first} in a browser that trusts keys/root.pem and has imported a .p12 file.`)
  echo('Ctrl-C ends it.')
  await ended
  throw new ScriptError('APP_ENDED', 'The application has ended by itself.')
}

function nextSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  return promise
}
