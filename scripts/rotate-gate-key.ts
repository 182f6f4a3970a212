import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { echo } from 'zx'
import { otherSlot } from '../pki/gate-keys.ts'
import { prepareGateKey, switchGateKey } from '../pki/rotate-gate-key.ts'
import { KEYS_DIR } from './key-options.ts'
import { demandSuccess, quietly } from './quietly.ts'
import { runScript } from './run-script.ts'

const HELP = `Replaces the key that signs the tokens of the gate; no session ends.

  make rotate-gate-key            a new pair in the place that is not in use; then, where Compose runs, the
                                  proxies restart one after the other, and the application signs with it
  make rotate-gate-key SWITCH=1   elsewhere, when all proxies have been restarted: the new pair signs from the
                                  application's next start on
  FORCE=1                         also within a day of the last time: sessions from before that log in again

  npm run -s rotate-gate-key -- [--switch] [--force] [--keys DIR]`

const PROXIES = ['apache', 'nginx', 'haproxy']

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      switch: { type: 'boolean' },
      force: { type: 'boolean' },
      keys: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return echo(HELP)
  const dir = values.keys === undefined ? KEYS_DIR : resolve(values.keys)
  if (values.switch ?? process.env.SWITCH === '1') return await switchKey(dir)
  const force = values.force ?? process.env.FORCE === '1'
  const keys = await prepareGateKey(dir, { now: new Date(), force })
  echo(`Key ${otherSlot(keys)} is new; key ${keys.active} signs.`)
  const running = dir === KEYS_DIR ? await runningServices() : []
  if (!running.includes('app')) {
    return echo(`What to do next: restart every proxy, so that it reads gate-a.pem and gate-b.pem again, then
make rotate-gate-key SWITCH=1, and restart the application.`)
  }
  for (const proxy of PROXIES.filter(name => running.includes(name))) await restart(proxy)
  await switchKey(dir)
  await restart('app')
})

async function switchKey(dir: string): Promise<void> {
  const { active } = await switchGateKey(dir, new Date())
  echo(`Key ${active} signs from the next start of the application on; tokens of the other stay good.`)
}

async function runningServices(): Promise<readonly string[]> {
  const { stdout } = await quietly`docker compose ps --services --status running`
  return stdout.trim().split('\n')
}

/** Up again, and healthy, when it returns; the others are left alone. */
async function restart(service: string): Promise<void> {
  echo(`Restarting ${service}.`)
  demandSuccess(
    await quietly`docker compose restart --no-deps ${service}`,
    'RESTART_FAILED',
    `Restarting ${service}`,
  )
  demandSuccess(
    await quietly`docker compose up --detach --wait --no-deps --no-build --no-recreate ${service}`,
    'RESTART_FAILED',
    `Waiting for ${service}`,
  )
}
