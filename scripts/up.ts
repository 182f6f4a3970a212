import { parseArgs } from 'node:util'
import { $ } from 'zx'
import { ensureBaseImages } from './base-images.ts'
import { type PublishedPort, publishedPorts, refusePortsInUse, troubles } from './compose-project.ts'
import { ensureDockerEngine } from './docker-engine.ts'
import { lastLines, quietly } from './quietly.ts'
import { runScript } from './run-script.ts'
import { ScriptError } from './script-error.ts'

const shown = $({ nothrow: true, stdio: ['ignore', 'inherit', 'inherit'] })

await runScript(async () => {
  parseArgs({ options: {} })
  await ensureDockerEngine()
  await ensureBaseImages()
  await ensureKeys()
  const ports = await publishedPorts()
  await refusePortsInUse(ports)
  const up = await shown`docker compose up --build --detach --wait`
  if (up.exitCode !== 0) throw new ScriptError('UP_FAILED', await whatFailed())
  console.log(whatToTry(ports))
})

/** The whole of `make generate-keys`, with its owners and .env, but only one line of what it says. */
async function ensureKeys(): Promise<void> {
  // A replaced key set is a decision of its own: FORCE=1 of an earlier command must not reach it here.
  const env = { ...process.env, FORCE: '' }
  const made = await quietly({ env })`${process.execPath} scripts/generate-keys.ts --json`
  if (made.exitCode !== 0) throw new ScriptError('KEYS_FAILED', lastLines(made.stderr))
  const { outcome } = JSON.parse(made.stdout) as { outcome: string }
  console.log(outcome === 'unchanged' ? 'The keys in keys/ are used.' : 'Keys were made in keys/.')
}

async function whatFailed(): Promise<string> {
  const found = await troubles()
  return [...found, 'Gatehouse did not start: see above. What did start is removed by: make down'].join(
    '\n\n',
  )
}

function whatToTry(ports: readonly PublishedPort[]): string {
  const urls = ports.map(({ service, port }) => `  ${service.padEnd(8)} https://gatehouse.localhost:${port}/`)
  const first = `https://gatehouse.localhost:${ports[0]?.port}/`
  const curl = 'curl --cacert keys/root.pem'
  return `
Gatehouse is up:
${urls.join('\n')}

Try, as nobody, as Grace Hopper, and as Cecilia Payne with the PKCS#12 file that a browser would import:
  ${curl} ${first}
  ${curl} --cert keys/grace.crt --key keys/grace.key ${first}
  sed 's/.*/pass = "&"/' keys/cecilia.passphrase |
    ${curl} --cert-type P12 --cert keys/cecilia.p12 --config - ${first}

Logs: docker compose logs --follow    The end: make down`
}
