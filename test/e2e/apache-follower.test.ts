// What follows the list for Apache is there as long as Apache is, and once; it cannot fail unseen, nor show the secret.
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { demandSuccess, quietly } from '../../scripts/quietly.ts'
import { type ClientKeys, person } from '../support/ask.ts'
import { eventually, PATIENCE } from '../support/eventually.ts'
import { fate, health } from '../support/fate.ts'
import { proxies } from '../support/fronts.ts'
import { order, publish } from '../support/list-control.ts'
import { holderOf } from '../support/serial-holder.ts'
import { type Stack, useStack } from '../support/stack.ts'

const LISTED = '10A5'
const PROGRAM = '/usr/bin/lua5.4 /etc/gatehouse/follow.lua revoked /pki/revoked'
// Number, state and command of each: a line of proc_pid_stat(5) begins with the first two.
const LIST = `for process in /proc/[0-9]*; do
  read -r pid _ state _ < $process/stat && echo $pid $state $(tr '\\0' ' ' < $process/cmdline)
done 2> /dev/null`

interface Process {
  readonly pid: string
  readonly state: string
  readonly command: string
}

async function processes({ container }: Stack): Promise<readonly Process[]> {
  const { stdout } = await quietly`docker exec ${container} bash -c ${LIST}`
  const lines = stdout.trim().split('\n')
  return lines.map(line => {
    const [pid = '', state = '', ...command] = line.split(' ')
    return { pid, state, command: command.join(' ') }
  })
}

/** Those that run, and those that wait for their turn. */
async function followers(stack: Stack) {
  const found = (await processes(stack)).filter(({ command }) => command.includes(PROGRAM))
  const isRunning = ({ command }: Process) => command === PROGRAM
  const pidsOf = (some: readonly Process[]) => some.map(({ pid }) => pid)
  return {
    running: pidsOf(found.filter(isRunning)),
    waiting: pidsOf(found.filter(process => !isRunning(process))),
  }
}

/** As whoever Apache itself is there. */
async function inside({ container }: Stack, command: string): Promise<void> {
  demandSuccess(await quietly`docker exec ${container} bash -c ${command}`, 'COMMAND_FAILED', command)
}

describe.each(proxies.filter(({ name }) => name === 'apache'))('$name', proxy => {
  const stack = useStack(proxy, { backend: 'list' })
  let lost: ClientKeys

  beforeAll(async () => {
    lost = await holderOf(LISTED)
    await publish(stack(), { add: [LISTED] })
  })

  async function onlyFollower(): Promise<string> {
    const { running, waiting } = await followers(stack())
    expect([running.length, waiting.length]).toEqual([1, 0])
    return running[0] ?? expect.fail()
  }

  async function untilReplaced(old: string, meanwhile?: () => Promise<void>): Promise<void> {
    await vi.waitUntil(async () => {
      await meanwhile?.()
      const { running } = await followers(stack())
      return running.length === 1 && running[0] !== old
    }, PATIENCE)
  }

  it('is started again when it was killed, and knows what it knew', async () => {
    const old = await onlyFollower()
    await order(stack(), { always: 'status 500' })
    await inside(stack(), `kill -KILL ${old}`)
    expect(await fate(stack(), lost)).toBe('revoked')
    await untilReplaced(old)
    expect((await processes(stack())).filter(({ state }) => state === 'Z')).toEqual([])
    await publish(stack(), { always: 'right', remove: [LISTED] })
    expect(await fate(stack(), lost)).toBe('passed')
    await publish(stack(), { add: [LISTED] })
    expect(await fate(stack(), lost)).toBe('revoked')
  })

  it('is another when Apache begins anew, which refuses nobody else for it', async () => {
    const old = await onlyFollower()
    await inside(stack(), 'kill -USR1 1')
    await untilReplaced(old, async () => {
      expect(await fate(stack(), lost)).toBe('revoked')
      expect(await fate(stack(), person('grace'))).toBe('passed')
    })
  })

  it('waits until the one before is gone, because both write down what they know', async () => {
    const old = await onlyFollower()
    // Told to end, it cannot: as while a slow disk writes.
    await inside(stack(), `kill -STOP ${old}`)
    await inside(stack(), 'kill -USR1 1')
    const both = await vi.waitUntil(async () => {
      const { running, waiting } = await followers(stack())
      return running.length + waiting.length === 2 && { running, waiting }
    }, PATIENCE)
    expect(both.running).toEqual([old])
    await inside(stack(), `kill -CONT ${old}`)
    await untilReplaced(old)
    expect([await onlyFollower()]).toEqual(both.waiting)
  })

  it('cannot fail without being noticed', async () => {
    const file = '/dev/shm/gatehouse/revoked.name'
    await inside(stack(), `mv ${file} ${file}.away && mkdir ${file} && kill -KILL ${await onlyFollower()}`)
    await eventually(() => health(stack()), [503, expect.any(String)])
    expect(await fate(stack(), lost)).toBe('revoked')
    await inside(stack(), `rmdir ${file} && mv ${file}.away ${file}`)
    await eventually(() => health(stack()), [200, 'ok\n'])
  })

  it('lets nobody pass whose name cannot be looked up', async () => {
    const folder = '/dev/shm/gatehouse/revoked'
    await inside(stack(), `chmod 0 ${folder}`)
    expect(await fate(stack(), lost)).toBe('status 500')
    await inside(stack(), `chmod 700 ${folder}`)
    expect(await fate(stack(), lost)).toBe('revoked')
  })

  it('has the secret of nobody to see', async () => {
    const secret = readFileSync(`${inject('keys')}/private/proxy-secret`, 'utf8').trim()
    const commands = (await processes(stack())).map(({ command }) => command)
    expect(commands).toContain(PROGRAM)
    expect(commands.join('\n')).not.toContain(secret)
  })
})
