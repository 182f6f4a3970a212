// Pastes from the command line: what is typed, and what comes of it, at each level, against a real server.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { EXIT } from '../../../cli/errors.ts'
import { runProgram } from '../../../cli/run-program.ts'
import { answering, type Home, makeHome, startStub } from './lab.ts'
import { type RealServer, startRealServer } from './real-server.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const MIB = 1024 * 1024
let server: RealServer
beforeAll(async () => {
  server = await startRealServer()
})
afterAll(() => server[Symbol.asyncDispose]())

/** Somebody with the keys of the checkout, or with none. */
async function somebody(name?: string): Promise<Home> {
  const home = makeHome()
  await home.gatehouse(['config', 'server', server.url, '--ca', join(server.keys, 'root.pem')])
  if (name !== undefined) await home.gatehouse(['config', 'identity', join(server.keys, name)])
  return home
}

async function done(home: Home, args: readonly string[], input?: string) {
  const outcome = await home.gatehouse([...args, '--json'], input === undefined ? {} : { input })
  expect(outcome).toMatchObject({ exitCode: EXIT.ok })
  return JSON.parse(outcome.stdout)
}

async function refusal(home: Home, args: readonly string[], input?: string) {
  const outcome = await home.gatehouse([...args, '--json'], input === undefined ? {} : { input })
  const { error } = JSON.parse(outcome.stdout)
  expect(outcome.stderr).toContain(`(${error.code})`)
  return [outcome.exitCode, error.code]
}

function write(home: Home, name: string, content: string | Buffer): string {
  writeFileSync(join(home.path, name), content)
  return join(home.path, name)
}

describe.each([
  ['nobody', undefined, 1],
  ['a trusted certificate', 'grace', 30],
])('with %s', (_, name, days) => {
  it('a file is pasted: its address on standard output, all else beside it', async () => {
    using home = await somebody(name)
    const outcome = await home.gatehouse(['paste', 'create', write(home, 'notes.txt', 'Grüße\n')])
    expect(outcome).toMatchObject({ exitCode: EXIT.ok })
    expect(outcome.stdout).toMatch(new RegExp(`^${server.url}pastes/[0-9a-f]{32}\\n$`))
    expect(outcome.stderr).toMatch(/^It is there until \d{4}-.*Z, for everybody who knows this address\.\n$/)
    const got = await home.gatehouse(['paste', 'get', outcome.stdout.trim()])
    expect(got).toEqual({ exitCode: EXIT.ok, stdout: 'Grüße\n', stderr: '' })
  })

  it('standard input is pasted as well, and named', async () => {
    using home = await somebody(name)
    const paste = await done(home, ['paste', 'create', '--name', 'a.txt'], 'from a pipe')
    expect(paste).toMatchObject({
      name: 'a.txt',
      size: 11,
      media_type: 'text/plain; charset=utf-8',
      url: `${server.url}pastes/${paste.id}`,
    })
    expect(Date.parse(paste.expires_at) - Date.parse(paste.created_at)).toBe(days * 86_400_000)
    const dash = await done(home, ['paste', 'create', '-', '--expires', '90m'], 'x')
    expect(Date.parse(dash.expires_at) - Date.parse(dash.created_at)).toBe(90 * 60_000)
  })

  it('what burns is read once', async () => {
    using home = await somebody(name)
    const { id } = await done(home, ['paste', 'create', '--burn'], 'secret')
    expect((await home.gatehouse(['paste', 'get', id])).stdout).toBe('secret')
    const again = await home.gatehouse(['paste', 'get', id])
    expect([again.exitCode, again.stdout]).toEqual([EXIT.notFound, ''])
    expect(again.stderr).toContain('(PASTE_BURNT)')
  })
})

it('what is not text is octets, and any type can be said', async () => {
  using home = await somebody()
  const binary = await done(home, ['paste', 'create', write(home, 'a.bin', Buffer.of(0x89, 0x50, 0xff))])
  expect(binary).toMatchObject({ media_type: 'application/octet-stream', name: 'a.bin' })
  const image = await done(home, ['paste', 'create', '--type', 'image/png', join(home.path, 'a.bin')])
  expect(image.media_type).toBe('image/png')
  const wide = await done(home, ['paste', 'create', write(home, 'w.txt', `x${'Ä'.repeat(100_000)}`)])
  expect(wide.media_type).toBe('text/plain; charset=utf-8')
})

it('a private paste is for its owner, who lists it and deletes it', async () => {
  using grace = await somebody('grace')
  using office = await somebody('admin')
  const { id } = await done(grace, ['paste', 'create', '--private', '--name', 'mine.txt'], 'mine')
  expect(await refusal(await somebody(), ['paste', 'get', id, '-o', 'x'])).toEqual([
    EXIT.notFound,
    'PASTE_UNKNOWN',
  ])
  const list = await grace.gatehouse(['paste', 'list'])
  expect(list.stdout).toMatch(
    new RegExp(`ID +SIZE +UNTIL +STATE +NAME\n${id}  4 B +\\d{4}-\\d\\d-\\d\\d  private +mine.txt\n`),
  )
  const all = await office.gatehouse(['paste', 'list', '--all'])
  expect(all.stdout).toMatch(new RegExp(`${id} .* mine.txt +Grace Hopper\n`))
  expect(await done(grace, ['paste', 'delete', id])).toMatchObject({ id })
  expect(await refusal(grace, ['paste', 'delete', id])).toEqual([EXIT.notFound, 'PASTE_UNKNOWN'])
})

it('the older commands are the same', async () => {
  using grace = await somebody('grace')
  const { id } = await done(grace, ['create', '--expires', '1h'], 'old')
  expect((await done(grace, ['list', '--limit', '1'])).pastes[0].id).toBe(id)
  expect(await done(grace, ['delete', id])).toMatchObject({ id })
  expect((await grace.gatehouse(['--help'])).stdout).not.toMatch(/^ +create /m)
})

it('pages have their ends', async () => {
  using admin = await somebody('admin')
  for (const text of ['1', '2', '3']) await done(admin, ['paste', 'create'], text)
  const first = await admin.gatehouse(['paste', 'list', '--limit', '2'])
  const after = /--after ([0-9a-f]{32})/.exec(first.stderr)?.[1] ?? ''
  const { pastes, next } = await done(admin, ['paste', 'list', '--after', after])
  expect([pastes.length, next]).toEqual([1, null])
})

describe('50 MiB', () => {
  it('go there and back, never in memory as a whole', async () => {
    using home = await somebody('grace')
    const content = randomBytes(50 * MIB)
    const file = write(home, 'large.bin', content)
    const { id } = await done(home, ['paste', 'create', file])
    const back = join(home.path, 'back.bin')
    expect(await done(home, ['paste', 'get', id, '--output', back])).toEqual({ id, files: [back] })
    expect(readFileSync(back).equals(content)).toBe(true)
    expect(statSync(back).mode & 0o777).toBe(0o600)
    await done(home, ['paste', 'delete', id])
  })

  it.each([
    ['a file', 'grace', 50],
    ['a file', undefined, 3],
    ['standard input', undefined, 3],
  ])('and one octet more than the level takes, from %s: the reason', async (kind, name, mebibytes) => {
    using home = await somebody(name)
    const content = Buffer.alloc(mebibytes * MIB + 1, 'x')
    const outcome =
      kind === 'a file'
        ? await home.gatehouse(['paste', 'create', write(home, 'large.txt', content)])
        : await home.gatehouse(['paste', 'create'], { input: content.toString() })
    expect(outcome).toMatchObject({ exitCode: EXIT.failure, stdout: '' })
    expect(outcome.stderr).toContain(`must not have more than ${mebibytes} MiB`)
    expect(outcome.stderr).toContain('(PASTE_TOO_LARGE)')
  })

  it('of standard input without end are refused while they are sent', async () => {
    using home = await somebody()
    const outcome = await home.spawn(['paste', 'create', '/dev/zero'])
    expect(outcome).toMatchObject({ exitCode: EXIT.failure, stdout: '' })
    expect(outcome.stderr).toContain('(PASTE_TOO_LARGE)')
  })
})

describe('at a terminal', () => {
  /** The command with streams that say they are a terminal. */
  async function atTerminal(home: Home, args: readonly string[], input = '') {
    const stdout = Object.assign(new PassThrough(), { isTTY: true })
    const stderr = Object.assign(new PassThrough(), { isTTY: true })
    const said = Promise.all([text(stdout), text(stderr)])
    const stdin = Object.assign(Readable.from(input === '' ? [] : [Buffer.from(input)]), { isTTY: true })
    const checkoutCa = join(home.path, 'none')
    const surroundings = {
      env: { HOME: home.path },
      stdin,
      stdout,
      stderr,
      checkoutCa,
      now: () => new Date(),
    }
    const exitCode = await runProgram(surroundings, args)
    stdout.end()
    stderr.end()
    const [onStdout, onStderr] = await said
    return { exitCode, stdout: onStdout, stderr: onStderr }
  }

  it('shows how far it is, and standard input is asked for', async () => {
    using home = await somebody()
    const sent = await atTerminal(home, ['paste', 'create', write(home, 'a.txt', 'x'.repeat(2 * MIB))])
    expect(sent.stderr).toContain('\rSending: 2.0 MiB of 2.0 MiB \n')
    const typed = await atTerminal(home, ['paste', 'create'], 'typed\n')
    expect(typed.stderr).toContain('end it with Ctrl-D')
    expect(typed.stderr).toContain('\rSending: 6 B \n')
    const quiet = await atTerminal(home, ['--quiet', 'paste', 'create', join(home.path, 'a.txt')])
    expect(quiet.stderr).toBe('')
  })

  it('a text does nothing to it', async () => {
    using home = await somebody()
    const { id } = await done(home, ['paste', 'create'], '\u001b[2Jone\n\ttwo\u202e\n')
    expect((await atTerminal(home, ['paste', 'get', id])).stdout).toBe('\uFFFD[2Jone\n\ttwo\uFFFD\n')
  })

  it('what is not text is not shown, and not burnt by that', async () => {
    using home = await somebody()
    const { id } = await done(home, ['paste', 'create', '--burn', '--type', 'image/png'], 'x')
    const refused = await atTerminal(home, ['paste', 'get', id])
    expect([refused.exitCode, refused.stdout]).toEqual([EXIT.usage, ''])
    expect((await home.gatehouse(['paste', 'get', id])).stdout).toBe('x')
  })
})

describe('wrong usage', () => {
  it.each([
    [['paste', 'create', '--expires', 'soon'], EXIT.usage, 'USAGE'],
    [['paste', 'create', 'missing.txt'], EXIT.failure, 'FILE_UNREADABLE'],
    [['paste', 'create', '.'], EXIT.failure, 'FILE_UNREADABLE'],
    [['paste', 'get', 'nothing'], EXIT.usage, 'USAGE'],
    [['paste', 'get', '0'.repeat(32)], EXIT.usage, 'USAGE'],
    [['paste', 'get', '0'.repeat(32), '--output', 'x'], EXIT.notFound, 'PASTE_UNKNOWN'],
    [['paste', 'delete', '../whoami'], EXIT.usage, 'USAGE'],
    [['paste', 'delete', '0'.repeat(32)], EXIT.refused, 'CERT_MISSING'],
    [['paste', 'list'], EXIT.refused, 'CERT_MISSING'],
    [['paste', 'list', '--limit', '0'], EXIT.usage, 'USAGE'],
  ] as const)('%j: %i %s', async (args, exitCode, code) => {
    using home = await somebody()
    expect(await refusal(home, args, 'text')).toEqual([exitCode, code])
  })

  it('what the level does not allow is said', async () => {
    using home = await somebody()
    expect(await refusal(home, ['paste', 'create', '--expires', '2d'], 'x')).toEqual([
      EXIT.failure,
      'EXPIRY_INVALID',
    ])
    expect(await refusal(home, ['paste', 'create', '--private'], 'x')).toEqual([
      EXIT.refused,
      'OWNER_MISSING',
    ])
    expect(await refusal(home, ['paste', 'create'], '')).toEqual([EXIT.failure, 'PASTE_EMPTY'])
  })

  it('no file is replaced unasked, and none is left half', async () => {
    using home = await somebody()
    const { id } = await done(home, ['paste', 'create'], 'new')
    const file = write(home, 'there.txt', 'old')
    expect(await refusal(home, ['paste', 'get', id, '-o', file])).toEqual([EXIT.failure, 'FILE_EXISTS'])
    expect(readFileSync(file, 'utf8')).toBe('old')
    await done(home, ['paste', 'get', id, '-o', file, '--force'])
    expect(readFileSync(file, 'utf8')).toBe('new')
    mkdirSync(join(home.path, 'empty'))
    const into = join(home.path, 'empty', 'x')
    expect(await refusal(home, ['paste', 'get', '0'.repeat(32), '-o', into])).toEqual([
      EXIT.notFound,
      'PASTE_UNKNOWN',
    ])
    expect(readdirSync(join(home.path, 'empty'))).toEqual([])
  })
})

describe('a server that', () => {
  it('ends the connection instead of answering: a reason, and no EPIPE', async () => {
    using home = makeHome()
    await using stub = await startStub(home.path, request => {
      request.once('data', () => request.socket.destroy())
    })
    const file = write(home, 'a.bin', Buffer.alloc(8 * MIB))
    const args = ['paste', 'create', file, '--server', stub.url, '--ca', stub.ca]
    expect(await refusal(home, args)).toEqual([EXIT.failure, 'UPLOAD_CUT'])
  })

  it('never says that the paste may come gets it all the same', async () => {
    using home = makeHome()
    const paste = {
      id: '0'.repeat(32),
      name: null,
      media_type: 'text/plain',
      size: 1,
      burn: false,
      private: false,
    }
    const times = { created_at: '2026-01-01T00:00:00Z', expires_at: '2026-01-02T00:00:00Z', burnt_at: null }
    const answer = answering({ 'POST /pastes': () => [201, { ...paste, ...times, owner: null }] })
    await using stub = await startStub(home.path, answer)
    stub.server.on('checkContinue', answer)
    const args = ['paste', 'create', '--server', stub.url, '--ca', stub.ca, '--json']
    expect(await home.gatehouse(args, { input: '"x"' })).toMatchObject({ exitCode: EXIT.ok })
  })

  it('breaks off while it answers leaves no half file', async () => {
    using home = makeHome()
    await using stub = await startStub(home.path, (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' })
      response.write('half', () => response.destroy())
    })
    const file = join(home.path, 'half.txt')
    const args = ['paste', 'get', '0'.repeat(32), '-o', file, '--server', stub.url, '--ca', stub.ca]
    expect(await refusal(home, args)).toEqual([EXIT.unavailable, 'SERVER_AWAY'])
    expect(existsSync(file)).toBe(false)
    expect(readdirSync(home.path).filter(name => name.includes('half'))).toEqual([])
  })
})
