import { parseArgs } from 'node:util'
import { $ } from 'zx'
import { engineState } from './docker-engine.ts'
import { quietly } from './quietly.ts'
import { runScript } from './run-script.ts'
import { ScriptError } from './script-error.ts'

await runScript(async () => {
  const { values } = parseArgs({ options: { all: { type: 'boolean' } } })
  // Revocations are in the store: without it, every revoked certificate would be good again.
  const isAll = values.all === true || process.env.ALL === '1'
  const state = await engineState()
  if (state.kind === 'denied') throw state.error
  if (state.kind === 'absent') return console.log('No Docker engine runs here, so nothing is up.')
  // Every image of a service is made by ours; the base images belong to none and stay for the next time.
  const down = await $({
    nothrow: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  })`docker compose down --remove-orphans --rmi all ${isAll ? ['--volumes'] : []}`
  if (down.exitCode !== 0)
    throw new ScriptError('DOWN_FAILED', 'Docker Compose could not remove everything: see above.')
  // Earlier builds, whose name a later one has taken.
  await quietly`docker image prune --force --filter label=com.docker.compose.project=gatehouse`
  console.log(
    isAll
      ? 'Containers, networks, images, the store and the lists of the proxies are removed; keys/ stays.'
      : 'Containers, networks and images are removed; keys/ stays, and so do the store and the lists of the proxies, which know what is revoked (make down ALL=1 removes them).',
  )
})
