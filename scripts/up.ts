import { parseArgs } from 'node:util'
import { $ } from 'zx'
import { ensureBaseImages } from './base-images.ts'
import { type PublishedPort, publishedPorts, refusePortsInUse, troubles } from './compose-project.ts'
import { curlCommand, type Greeting } from './demo-greeting.ts'
import { ensureDockerEngine } from './docker-engine.ts'
import { lastLines, quietly } from './quietly.ts'
import { runScript } from './run-script.ts'
import { ScriptError } from './script-error.ts'

await runScript(async () => {
  parseArgs({ options: {} })
  await ensureDockerEngine()
  await ensureBaseImages()
  const people = await ensureKeys()
  const ports = await publishedPorts()
  await refusePortsInUse(ports)
  const shown = $({ nothrow: true, stdio: ['ignore', 'inherit', 'inherit'] })
  const up = await shown`docker compose up --build --detach --wait`
  if (up.exitCode !== 0) throw new ScriptError('UP_FAILED', await whatFailed())
  console.log(whatToTry(ports, people))
})

/** The whole of `make generate-keys`, with its owners and .env, but only one line of what it says. */
async function ensureKeys(): Promise<Greeting[]> {
  // A replaced key set is a decision of its own: FORCE=1 of an earlier command must not reach it here.
  const env = { ...process.env, FORCE: '' }
  const made = await quietly({ env })`${process.execPath} scripts/generate-keys.ts --json`
  if (made.exitCode !== 0) throw new ScriptError('KEYS_FAILED', lastLines(made.stderr))
  const { outcome, certificates } = JSON.parse(made.stdout) as {
    outcome: string
    certificates: ReadonlyArray<{ role: string; name: string; file: string }>
  }
  console.log(outcome === 'unchanged' ? 'The keys in keys/ are used.' : 'Keys were made in keys/.')
  return certificates
    .filter(({ role, name }) => role === 'user' && name !== 'Administrator')
    .map(({ name, file }) => ({ name, file: `keys/${file.replace(/\.crt$/, '')}` }))
}

async function whatFailed(): Promise<string> {
  const found = await troubles()
  return [...found, 'Gatehouse did not start: see above. What did start is removed by: make down'].join(
    '\n\n',
  )
}

function whatToTry(ports: readonly PublishedPort[], people: readonly Greeting[]): string {
  const url = (port: number | undefined) => `https://gatehouse.localhost:${port}/`
  const greetings = [undefined, ...people.slice(0, 2)].map(
    person => `${person?.name ?? 'Nobody'}:\n  ${curlCommand(url(ports[0]?.port), person)}`,
  )
  return `
Gatehouse is up:
${ports.map(({ service, port }) => `  ${service.padEnd(8)} ${url(port)}`).join('\n')}

Try, with any of these addresses:
${greetings.join('\n')}

Logs: docker compose logs --follow    The end: make down`
}
