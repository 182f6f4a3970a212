// Promise: the demonstration makes keys, shows three greetings by the commands that it prints, and ends with 0.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { curlCommand } from '../../../scripts/demo-greeting.ts'
import { temporaryFolder } from '../../support/lab.ts'

vi.setConfig({ testTimeout: 60_000 })

const REPOSITORY = join(import.meta.dirname, '../../..')
const folder = temporaryFolder()
const checkout = join(folder.path, 'checkout')

/** A checkout of its own, so that keys/ of this one is left alone. */
beforeAll(() => {
  for (const part of ['app', 'pki', 'proxy-configs', 'scripts', 'package.json']) {
    cpSync(join(REPOSITORY, part), join(checkout, part), { recursive: true })
  }
  symlinkSync(join(REPOSITORY, 'node_modules'), join(checkout, 'node_modules'))
})
afterAll(() => folder[Symbol.dispose]())

function start(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, ['scripts/demo.ts', ...args], {
    cwd: checkout,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: folder.path, GATEHOUSE_PORT: '0', ...env },
  })
}

async function demo(args: readonly string[] = [], env: Record<string, string> = {}) {
  const child = start(args, env)
  const [shown, said, [exitCode]] = await Promise.all([
    text(child.stdout as never),
    text(child.stderr as never),
    once(child, 'close'),
  ])
  return { shown, said, exitCode }
}

const GREETINGS = ['Hello Unauthorized!', 'Hello Grace Hopper!', 'Hello Cecilia Payne!']

function greetingsIn(shown: string): string[] {
  return shown.split('\n').filter(line => line.startsWith('Hello '))
}

describe('the demonstration', () => {
  it('shows three greetings, on the first run and on the next', async () => {
    const first = await demo()
    expect(first).toMatchObject({ said: '', exitCode: 0 })
    expect(greetingsIn(first.shown)).toEqual(GREETINGS)
    expect(first.shown).toContain('Keys were made')
    const second = await demo()
    expect(second.exitCode).toBe(0)
    expect(greetingsIn(second.shown)).toEqual(GREETINGS)
    expect(second.shown).toContain('keys/ are used')
  })

  it('never has a passphrase in the arguments of a command, nor on the screen', async () => {
    const bin = join(folder.path, 'bin')
    mkdirSync(bin, { recursive: true })
    writeFileSync(join(bin, 'curl'), '#!/bin/sh\necho "$@" >>"$HOME/arguments"\nexec /usr/bin/curl "$@"\n')
    chmodSync(join(bin, 'curl'), 0o755)
    const { shown, exitCode } = await demo([], { PATH: `${bin}${delimiter}${process.env.PATH}` })
    expect(exitCode).toBe(0)
    const seen = shown + readFileSync(join(folder.path, 'arguments'), 'utf8')
    expect(seen).toContain('keys/grace.p12')
    for (const user of ['grace', 'cecilia']) {
      expect(seen).not.toContain(readFileSync(join(checkout, `keys/${user}.passphrase`), 'utf8').trim())
    }
  })

  it('does without curl, and says so', async () => {
    const { shown, exitCode } = await demo([], { PATH: '/nonexistent' })
    expect(exitCode).toBe(0)
    expect(shown).toContain('apt-get install curl')
    expect(greetingsIn(shown)).toEqual(GREETINGS)
  })

  it('stays when it is asked to, until it is told to end', async () => {
    const child = start(['--stay'])
    const closed = once(child, 'close')
    let shown = ''
    child.stdout?.on('data', chunk => {
      shown += chunk
    })
    await vi.waitFor(() => expect(shown).toContain('Ctrl-C ends it'), 30_000)
    const port = /https:\/\/localhost:(\d+)\//.exec(shown)?.[1]
    const ca = readFileSync(join(checkout, 'keys/root.pem'))
    const [answer] = await once(get(`https://localhost:${port}/`, { ca }), 'response')
    expect(await text(answer)).toBe('Hello Unauthorized!\n')
    child.kill('SIGINT')
    expect(await closed).toEqual([0, null])
  })

  it('says that the port is in use, with 1', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as { port: number }
    const { said, exitCode } = await demo([], { GATEHOUSE_PORT: String(port) })
    holder.close()
    expect(said).toMatch(/^Port \d+ of 127.0.0.1 is in use.*GATEHOUSE_PORT\.\n$/)
    expect(exitCode).toBe(1)
  })

  it.each([
    ['an unknown option', ['--fast'], {}, /--fast/],
    ['a setting that is none', [], { GATEHOUSE_PORT: 'x' }, /GATEHOUSE_PORT must not be "x"/],
  ])('says what is wrong, with 2: %s', async (_, args, env, expected) => {
    const { said, exitCode } = await demo(args, env)
    expect(said).toMatch(expected)
    expect(exitCode).toBe(2)
  })
})

describe('the command', () => {
  it('goes past a proxy that the environment names', () => {
    expect(curlCommand('https://x/', undefined, { https_proxy: 'http://proxy' })).toContain("--noproxy '*'")
    expect(curlCommand('https://x/', undefined, {})).toBe('curl --cacert keys/root.pem https://x/')
  })
})
