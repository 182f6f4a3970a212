import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chalk, echo } from 'zx'
import { bundleBrowser } from './bundle-browser.ts'
import { curlCommand, type Greeting, greet, hasCurl } from './demo-greeting.ts'
import { type DirectApp, startDirectApp } from './direct-app.ts'
import { ensureKeys } from './ensure-keys.ts'
import { runScript } from './run-script.ts'
import { ScriptError } from './script-error.ts'

const HELP = `Shows login by client certificate without Docker: keys, the application with direct TLS, three greetings.

  make demo     ends after the greetings
  make start    stays until Ctrl-C (npm run -s demo -- --stay)

GATEHOUSE_PORT=  another port than 8440`

const ROOT = join(import.meta.dirname, '..')

await runScript(async () => {
  const { values } = parseArgs({ options: { stay: { type: 'boolean' }, help: { type: 'boolean' } } })
  if (values.help) return echo(HELP)
  const greetings = await ensureKeys(['Grace Hopper', 'Cecilia Payne'])
  await bundleBrowser()
  const interrupted = nextSignal()
  await using app = await startDirectApp(ROOT)
  echo(`\nThe application listens on ${app.url} and asks for a client certificate.`)
  await Promise.race([demonstrate(app, greetings, values.stay === true), interrupted])
})

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
