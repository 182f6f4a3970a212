// Promise: the key is used only when every running proxy has restarted with it; what else has to be done is said.
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { completeGateFiles } from '../../../pki/gate-files.ts'
import { parseGateKeys } from '../../../pki/gate-keys.ts'
import { writeFolder } from '../../../pki/key-files.ts'
import { type Checkout, makeCheckout } from '../../support/compose-checkout.ts'
import { FakeCommands } from '../../support/fake-commands.ts'

vi.setConfig({ testTimeout: 60_000 })

let checkout: Checkout
let commands: FakeCommands
beforeAll(async () => {
  checkout = await makeCheckout('gatehouse-rotate-test')
})
afterAll(() => checkout[Symbol.asyncDispose]())
beforeEach(async () => {
  commands = await FakeCommands.make()
  await writeFolder(keys(), [])
  await completeGateFiles(keys())
})
afterEach(async () => {
  await commands[Symbol.asyncDispose]()
  await rm(keys(), { recursive: true })
})

const keys = () => join(checkout.path, 'keys')

async function rotate(env: Record<string, string> = {}) {
  const run = checkout.runWith({ PATH: commands.path, ...env })
  const { stdout, stderr, exitCode } = await run`${process.execPath} scripts/rotate-gate-key.ts`
  return { stdout, stderr, exitCode }
}

async function state() {
  const { active, isPrepared } = parseGateKeys(await readFile(join(keys(), 'private/gate-keys.json'), 'utf8'))
  return { active, isPrepared }
}

/** Compose, whose restart of `broken` fails; what is active is noted at each restart. */
async function compose(running: string, broken = '-'): Promise<void> {
  await commands.add(
    'docker',
    `case "$1 $2" in
"compose ps") printf '%s\\n' ${running} ;;
"compose restart") grep '"active"' ${keys()}/private/gate-keys.json >> ${commands.folder}/calls
  [ "$4" != ${broken} ] ;;
esac`,
  )
}

it('restarts the proxies, then switches, then restarts the application', async () => {
  await compose('haproxy app nginx')
  expect(await rotate()).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await commands.calls()).toEqual([
    'docker compose ps --services --status running',
    'docker compose restart --no-deps nginx',
    '  "active": "a",',
    'docker compose up --detach --wait --no-deps --no-build --no-recreate nginx',
    'docker compose restart --no-deps haproxy',
    '  "active": "a",',
    'docker compose up --detach --wait --no-deps --no-build --no-recreate haproxy',
    'docker compose restart --no-deps app',
    '  "active": "b",',
    'docker compose up --detach --wait --no-deps --no-build --no-recreate app',
  ])
})

it('does not switch while a proxy has not restarted, and goes on the next time', async () => {
  await compose('app nginx haproxy', 'haproxy')
  expect(await rotate()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('haproxy') })
  expect(await state()).toEqual({ active: 'a', isPrepared: true })
  const prepared = await readFile(join(keys(), 'gate-b.pem'), 'utf8')
  await compose('app nginx haproxy')
  expect((await rotate()).exitCode).toBe(0)
  expect(await state()).toEqual({ active: 'b', isPrepared: false })
  expect(await readFile(join(keys(), 'gate-b.pem'), 'utf8')).toBe(prepared)
})

it('without Compose, says what to do and switches when told', async () => {
  await commands.add('docker', 'exit 1')
  expect(await rotate()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('SWITCH=1') })
  expect(await state()).toEqual({ active: 'a', isPrepared: true })
  expect((await rotate({ SWITCH: '1' })).exitCode).toBe(0)
  expect(await state()).toEqual({ active: 'b', isPrepared: false })
  expect(await rotate({ SWITCH: '1' })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('Prepare one first'),
  })
  expect(await rotate()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('FORCE=1') })
  expect((await rotate({ FORCE: '1' })).exitCode).toBe(0)
})
