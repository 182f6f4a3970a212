import { parseArgs } from 'node:util'
import { $ } from 'zx'
import { ensureBaseImages } from './base-images.ts'
import { type PublishedPort, publishedPorts, refusePortsInUse, troubles } from './compose-project.ts'
import { ensureDockerEngine } from './docker-engine.ts'
import { runScript } from './run-script.ts'
import { ScriptError } from './script-error.ts'

const shown = $({ nothrow: true, stdio: ['ignore', 'inherit', 'inherit'] })

await runScript(async () => {
  parseArgs({ options: {} })
  await ensureDockerEngine()
  await ensureBaseImages()
  const keys = await shown`${process.execPath} scripts/generate-keys.ts`
  if (keys.exitCode !== 0) throw new ScriptError('KEYS_FAILED', 'There are no keys to start with: see above.')
  const ports = await publishedPorts()
  await refusePortsInUse(ports)
  const up = await shown`docker compose up --build --detach --wait`
  if (up.exitCode !== 0) throw new ScriptError('UP_FAILED', await whatFailed())
  console.log(whatToTry(ports))
})

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
