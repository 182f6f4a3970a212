import { parseArgs } from 'node:util'
import { $ } from 'zx'
import { ensureBaseImages } from './base-images.ts'
import { type PublishedPort, publishedPorts, refusePortsInUse, troubles } from './compose-project.ts'
import { curlCommand, type Greeting } from './demo-greeting.ts'
import { ensureDockerEngine } from './docker-engine.ts'
import { ensureKeys } from './ensure-keys.ts'
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

async function whatFailed(): Promise<string> {
  const found = await troubles()
  return [...found, 'Gatehouse did not start: see above. What did start is removed by: make down'].join(
    '\n\n',
  )
}

function url(port: number | undefined): string {
  return `https://gatehouse.localhost:${port}/`
}

/** The proxies speak TLS; the page of caught mails is for this machine only. */
function isProxy({ service }: PublishedPort): boolean {
  return service !== 'mail'
}

function where(published: PublishedPort): string {
  const { service, port } = published
  return `  ${service.padEnd(8)} ${isProxy(published) ? url(port) : `http://127.0.0.1:${port}/`}`
}

function whatToTry(ports: readonly PublishedPort[], people: readonly Greeting[]): string {
  const proxies = ports.filter(isProxy)
  const others = ports.filter(port => !isProxy(port))
  const greetings = [undefined, ...people.slice(0, 2)].map(
    person => `${person?.name ?? 'Nobody'}:\n  ${curlCommand(url(proxies[0]?.port), person)}`,
  )
  return `
Gatehouse is up:
${[...proxies, ...others].map(where).join('\n')}

Try, with any of the https addresses:
${greetings.join('\n')}

Logs: docker compose logs --follow    The end: make down`
}
