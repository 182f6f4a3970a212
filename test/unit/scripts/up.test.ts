// Promise: what keeps `make up` and `make down` from working is one sentence and an exit code, before anything starts.
import { once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Checkout, makeCheckout } from '../../support/compose-checkout.ts'
import { FakeCommands } from '../../support/fake-commands.ts'

vi.setConfig({ testTimeout: 60_000 })

let checkout: Checkout
let commands: FakeCommands
beforeAll(async () => {
  checkout = await makeCheckout('gatehouse-up-test')
})
afterAll(() => checkout[Symbol.asyncDispose]())
beforeEach(async () => {
  commands = await FakeCommands.make()
})
afterEach(async () => {
  await commands[Symbol.asyncDispose]()
  await rm(join(checkout.path, 'keys'), { recursive: true, force: true })
})

async function script(name: 'up' | 'down', ...args: string[]) {
  const run = checkout.runWith({ PATH: commands.path })
  const { stdout, stderr, exitCode } = await run`${process.execPath} scripts/${name}.ts ${args}`
  return { stdout, stderr, exitCode }
}

/** An engine with both base images, where Compose publishes `port` and its `up` ends with `end`. */
async function engine({ port = 0, end = 0 }: { port?: number; end?: number } = {}): Promise<void> {
  const config = {
    services: { nginx: { ports: [{ target: 8443, published: `${port}`, host_ip: '127.0.0.1' }] } },
  }
  const sick = { Service: 'nginx', State: 'exited', Health: '', ExitCode: 2, Publishers: [] }
  await commands.add(
    'docker',
    `case "$1 $2" in
"version --format") echo 28.2.2 ;;
"compose config") echo '${JSON.stringify(config)}' ;;
"compose ps") echo '${JSON.stringify(end ? sick : { ...sick, State: 'running' })}' ;;
"compose logs") echo "gatehouse: CLIENT_CERT must not be that" ;;
"compose up") exit ${end} ;;
esac`,
  )
}

const started = async () => (await commands.calls()).some(call => call.startsWith('docker compose up'))
// No stack: that is for defects.
const sentence = (said: RegExp) =>
  expect.stringMatching(new RegExp(`^(?!.*\\n\\s+at )(?=.*${said.source})`, 's'))

describe('up', () => {
  it('makes the keys that are missing, starts, and says what to try', async () => {
    await engine()
    const up = await script('up')
    expect(up).toMatchObject({ exitCode: 0, stderr: '' })
    expect(up.stdout).toContain('Keys were made in keys/.')
    expect(up.stdout).toContain('Gatehouse is up')
    expect(await started()).toBe(true)
  })

  it('refuses half-made keys and changes nothing', async () => {
    await engine()
    await script('up')
    await rm(join(checkout.path, 'keys/server.key'))
    const before = await readdir(join(checkout.path, 'keys'))
    await rm(join(commands.folder, 'calls'))
    expect(await script('up')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: sentence(/server\.key missing or empty.*Nothing was changed/),
    })
    expect(await readdir(join(checkout.path, 'keys'))).toEqual(before)
    expect(await started()).toBe(false)
  })

  it('names the port that is in use', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as { port: number }
    await engine({ port })
    const up = await script('up')
    holder.close()
    expect(up).toMatchObject({ exitCode: 1, stderr: sentence(new RegExp(`^Port ${port} on 127.0.0.1`)) })
    expect(await started()).toBe(false)
  })

  it('shows the end of the log of what did not start', async () => {
    await engine({ end: 1 })
    expect(await script('up')).toMatchObject({
      exitCode: 1,
      stderr: sentence(/nginx ended with exit code 2.*CLIENT_CERT must not be.*make down/),
    })
  })
})

describe.each(['up', 'down'] as const)('%s', name => {
  it('says how to get the right to use Docker', async () => {
    await commands.add('docker', 'echo "permission denied while trying to connect" >&2; exit 1')
    expect(await script(name)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: sentence(/^Docker runs, but you may not use it.*usermod -aG docker/),
    })
  })

  it.each([['--fast'], ['nginx']])('refuses %s, which it does not know', async word => {
    await engine()
    expect(await script(name, word)).toEqual({ exitCode: 2, stdout: '', stderr: sentence(new RegExp(word)) })
    expect(await commands.calls()).toEqual([])
  })
})

describe('down', () => {
  it('has nothing to do where no engine runs', async () => {
    await commands.add('docker', 'echo "Cannot connect to the Docker daemon" >&2; exit 1')
    expect(await script('down')).toMatchObject({ exitCode: 0, stdout: sentence(/nothing is up/) })
  })
})
