// The command as a program: what ends with which code, where it writes, and what a person at a terminal sees.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, vi } from 'vitest'
import { EXIT } from '../../../cli/errors.ts'
import { encodePkcs8 } from '../../../pki/key-type.ts'
import { encodePkcs12 } from '../../../pki/pkcs12.ts'
import { makeClient, makeClientCa, run } from '../../support/lab.ts'
import { answering, type Home, MAIN, makeHome, startStub } from './lab.ts'

vi.setConfig({ testTimeout: 60_000 })

describe('the exit code', () => {
  it('is 0 for help, which lists the others', async () => {
    using home = makeHome()
    const { exitCode, stdout, stderr } = await home.spawn(['--help'])
    expect({ exitCode, stderr }).toEqual({ exitCode: EXIT.ok, stderr: '' })
    const codes = [...stdout.matchAll(/^ {2}(\d) {2}\S/gm)].map(([, code]) => Number(code))
    expect(codes).toEqual(Object.values(EXIT))
  })

  it.each([
    [[], ''],
    [['pki'], ''],
    [['bogus'], /unknown command 'bogus'/],
    [['pki', 'lst'], /Did you mean list/],
    [['whoami', '--bogus'], /unknown option '--bogus'/],
    [['whoami', 'stray'], /too many arguments/],
    [['csr'], /--name/],
    [['pki', 'show'], /missing required argument 'serial'/],
    [['whoami', '--cert', 'x.crt'], /--cert and --key go together/],
    [['whoami', '--p12', 'x.p12', '--key', 'x.key'], /either --p12/],
    [['whoami', '--server', 'http://localhost/'], /https:\/\/gatehouse/],
    [['config', 'identity'], /Say which identity/],
    [['pki', 'list', '--limit', '0'], /1 to 1000/],
    [['renew', '--if-expiring', 'soon', '--cert', 'x', '--key', 'y'], /30d, 12h or 90m/],
    [['requests', 'show', '../certs'], /request id/],
  ])('is 2 for %j', async (args, message) => {
    using home = makeHome()
    const { exitCode, stdout, stderr } = await home.gatehouse(args)
    expect({ exitCode, stdout }).toEqual({ exitCode: EXIT.usage, stdout: '' })
    expect(stderr).toMatch(message)
  })

  it('is 6 where no server is, and the usage is one JSON document all the same', async () => {
    using home = makeHome()
    const away = await home.spawn(['whoami', '--json', '--server', 'https://localhost:1/'])
    expect(away).toMatchObject({
      exitCode: EXIT.unavailable,
      stderr: expect.stringContaining('nothing listens there'),
    })
    expect(JSON.parse(away.stdout)).toMatchObject({ error: { code: 'SERVER_AWAY' } })
    const wrong = await home.spawn(['whoami', '--json', '--bogus'])
    expect(wrong.exitCode).toBe(EXIT.usage)
    expect(JSON.parse(wrong.stdout)).toMatchObject({ error: { code: 'USAGE' } })
  })
})

const HOSTILE = 'Eve\u001b[2J\u202e\r\nroot'
const certificate = {
  serial: 'AB',
  status: 'valid',
  common_name: HOSTILE,
  organisation: HOSTILE,
  email: null,
  fingerprint256: null,
  spki256: null,
  not_before: null,
  not_after: null,
  origin: null,
  requested_by: null,
  recorded_at: null,
  revoked_at: null,
  reason: null,
}

it('lets nothing that a server says act on the terminal', async () => {
  using home = makeHome()
  await using stub = await startStub(
    home.path,
    answering({
      'GET /pki/certs': () => [200, { certificates: [certificate], next: HOSTILE }],
      'GET /pki/certs/AB': () => [200, { ...certificate, certificate: `x\n${HOSTILE}` }],
      'GET /pki/ca.crt': () => [200, HOSTILE],
      'GET /whoami': () => [403, { code: `X${HOSTILE}`, detail: HOSTILE }],
    }),
  )
  const there = ['--server', stub.url, '--ca', stub.ca]
  for (const args of [['pki', 'list'], ['pki', 'list', '--json'], ['whoami'], ['whoami', '--json']]) {
    const { stdout, stderr } = await home.gatehouse([...args, ...there])
    expect(stdout + stderr).toContain('Eve')
    expect((stdout + stderr).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    expect(stdout + stderr).not.toMatch(/^root/m)
  }
  for (const args of [
    ['pki', 'show', 'AB'],
    ['pki', 'download'],
  ]) {
    const { stdout, stderr } = await home.gatehouse([...args, ...there])
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: expect.stringContaining('ANSWER_UNEXPECTED') })
  }
  const { stdout } = await home.gatehouse(['pki', 'list', '--json', ...there])
  expect(JSON.parse(stdout).certificates[0].common_name).toBe(HOSTILE)
})

it('runs from a checkout by its own Node, whatever else the machine has', () => {
  const command = join(import.meta.dirname, '../../../cli/gatehouse')
  expect(run('env', '-i', 'PATH=/usr/bin:/bin', command, '--help')).toMatch(/^Usage: gatehouse /)
})

it('says on stderr what is not the answer, and with --quiet nothing', async () => {
  using home = makeHome()
  const args = ['cert', '-n', 'Ada', '-o', join(home.path, 'ada')]
  expect(await home.gatehouse(args)).toMatchObject({
    stderr: expect.stringContaining('gatehouse config identity'),
  })
  expect(await home.gatehouse([...args, '--force', '--quiet'])).toMatchObject({
    exitCode: EXIT.ok,
    stderr: '',
  })
})

it('stops searching at once, with nothing begun, when it is interrupted', async () => {
  using home = makeHome()
  const challenge = {
    challenge: 'c',
    algorithm: 'SHA-256',
    difficulty: 34,
    expires_at: '2099-01-01T00:00:00Z',
  }
  await using stub = await startStub(
    home.path,
    answering({ 'GET /register/challenge': () => [200, challenge] }),
  )
  const args = [MAIN, 'register', '--name', 'Ada', '--server', stub.url, '--ca', stub.ca]
  const child = spawn(process.execPath, args, { env: { HOME: home.path }, stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = once(child, 'close')
  const [said] = await once(child.stderr, 'data')
  expect(String(said)).toBe("Solving the server's challenge of 34 bit ...\n")
  child.kill('SIGINT')
  expect(await closed).toEqual([null, 'SIGINT'])
  expect(readdirSync(join(home.config, 'keys'))).toEqual([])
})

it('ends quietly when its reader has seen enough', async () => {
  using home = makeHome()
  const child = spawn(process.execPath, [MAIN, '--help'], {
    env: { HOME: home.path },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.destroy()
  const closed = once(child, 'close')
  expect(await text(child.stderr)).toBe('')
  expect(await closed).toEqual([EXIT.ok, null])
})

describe('at a terminal', () => {
  const secret = 'correct horse'

  async function withPkcs12(home: Home): Promise<string> {
    const clientCa = await makeClientCa()
    const { certificate, privateKey } = await makeClient(clientCa)
    const path = join(home.path, 'grace.p12')
    const contents = {
      privateKey: encodePkcs8(privateKey),
      certificate,
      authorities: [],
      friendlyName: 'Grace Hopper',
    }
    writeFileSync(path, encodePkcs12(contents, { passphrase: secret, profile: 'modern' }))
    return path
  }

  /** Types each line when its question is on the screen; `script` makes the terminal. */
  async function atTerminal(
    home: Home,
    args: readonly string[],
    typing: readonly (readonly [question: string, line: string])[],
  ) {
    const command = [process.execPath, MAIN, ...args].map(word => `'${word}'`).join(' ')
    const child = spawn('script', ['-qefc', command, '/dev/null'], {
      env: { PATH: process.env.PATH, HOME: home.path, SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const closed = once(child, 'close')
    let screen = ''
    const rest = [...typing]
    child.stdout.on('data', chunk => {
      screen += chunk
      const [next] = rest
      if (!next || !screen.includes(next[0])) return
      rest.shift()
      child.stdin.write(next[1])
    })
    const [exitCode] = await closed
    return { exitCode, screen }
  }

  const waiting = {
    id: 'ab',
    sha256: 'A'.repeat(64),
    status: 'waiting',
    common_name: 'Ada Lovelace',
    organisation: null,
    email: null,
    csr: null,
    spki256: null,
    warnings: ['It asked for CA:TRUE and does not get it.'],
    requested_at: '2027-01-01T00:00:00Z',
    decided_at: null,
    reason: null,
    serial: null,
    certificate: null,
  }

  it('asks for the passphrase, shows nothing of it, and can ask more afterwards', async () => {
    using home = makeHome()
    const p12 = await withPkcs12(home)
    const approved: unknown[] = []
    await using stub = await startStub(
      home.path,
      answering({
        'GET /pki/requests/ab': () => [200, waiting],
        'POST /pki/requests/ab/approve': body => {
          approved.push(body)
          return [200, { ...waiting, status: 'approved' }]
        },
      }),
    )
    const args = ['requests', 'approve', 'ab', '--p12', p12, '--server', stub.url, '--ca', stub.ca]
    const question = 'Approve it? Type yes: '
    const yes = await atTerminal(home, args, [
      ['Passphrase of', `correct hors3\u007fe\r`],
      [question, 'yes\r'],
    ])
    expect(yes).toMatchObject({
      exitCode: EXIT.ok,
      screen: expect.stringContaining('Ada Lovelace is approved'),
    })
    expect(yes.screen).toContain('Warning: It asked for CA:TRUE and does not get it.')
    expect(yes.screen).not.toContain('hors')
    expect(approved).toEqual([{ sha256: waiting.sha256 }])
    const no = await atTerminal(home, args, [
      ['Passphrase of', `${secret}\r`],
      [question, 'y\r'],
    ])
    expect(no).toMatchObject({
      exitCode: EXIT.failure,
      screen: expect.stringContaining('Nothing was approved'),
    })
    expect(approved).toHaveLength(1)
  })

  it('can be left with Ctrl-C', async () => {
    using home = makeHome()
    const p12 = await withPkcs12(home)
    const outcome = await atTerminal(home, ['whoami', '--p12', p12], [['Passphrase of', 'abc\u0003']])
    expect(outcome).toMatchObject({ exitCode: EXIT.failure, screen: expect.stringContaining('Cancelled') })
  })
})

it('makes a signing request that openssl accepts, and a certificate, with keys for nobody else', async () => {
  using home = makeHome()
  expect(await home.spawn(['csr', '--name', 'Ada Lovelace', '--email', 'ada@example.org'])).toMatchObject({
    exitCode: EXIT.ok,
  })
  expect(
    await home.spawn(['cert', '-n', 'Ada Lovelace', '-a', 'rsa', '-b', '2048', '-d', '7']),
  ).toMatchObject({ exitCode: EXIT.ok })
  expect(run('openssl', 'req', '-verify', '-noout', '-subject', '-in', join(home.path, 'ada.csr'))).toContain(
    'Ada Lovelace',
  )
  const own = join(home.path, 'ada-lovelace.crt')
  expect(run('openssl', 'verify', '-partial_chain', '-trusted', own, own)).toContain('OK')
  expect(run('stat', '-c', '%a', join(home.path, 'ada.key'), join(home.path, 'ada-lovelace.key'))).toBe(
    '600\n600\n',
  )
})
