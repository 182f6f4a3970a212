// The commands make keys or say in one sentence why not; killed in the middle, they leave nothing half.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rm, stat, watch, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { temporaryFolder } from '../../support/lab.ts'

vi.setConfig({ testTimeout: 120_000 })

const ROOT = join(import.meta.dirname, '../../..')

interface Outcome {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

function command(
  script: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Outcome> {
  return new Promise(resolve => {
    const options = { cwd: ROOT, env: { ...process.env, ...env } }
    const child = execFile(
      process.execPath,
      [`scripts/${script}.ts`, ...args],
      options,
      (_, stdout, stderr) => {
        resolve({ exitCode: child.exitCode, stdout, stderr })
      },
    )
  })
}

const generateKeys = (keys: string, args: readonly string[] = [], env?: Record<string, string>) =>
  command('generate-keys', ['--keys', keys, ...args], env)
const addUser = (keys: string, args: readonly string[] = [], env?: Record<string, string>) =>
  command('add-user', ['--keys', keys, ...args], env)

const sentence = (code: number, message: RegExp) => ({
  exitCode: code,
  stdout: '',
  // No stack: that is for defects.
  stderr: expect.stringMatching(new RegExp(`^(?!.*\\n\\s+at )(?=.*${message.source})`, 's')),
})

describe('generate-keys', () => {
  it('makes a set, shows it, and makes nothing the second time', async () => {
    using folder = temporaryFolder()
    const keys = join(folder.path, 'keys')
    const first = await generateKeys(keys)
    expect(first).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('A new key set was made.') })
    expect(first.stdout).toMatch(/grace\.crt +user Grace Hopper +EC P-256 +until \d{4}-\d\d-\d\d +new/)
    expect(first.stdout).toContain(`${keys}/grace.passphrase`)
    expect(first.stderr).toContain('6/6')
    const second = await generateKeys(keys)
    expect(second).toMatchObject({
      exitCode: 0,
      stderr: '',
      stdout: expect.stringContaining('nothing was made'),
    })
    const secrets = ['grace.passphrase', 'private/client-ca.passphrase', 'private/proxy-secret']
    for (const secret of secrets)
      expect(first.stdout + first.stderr).not.toContain(await readFile(join(keys, secret), 'utf8'))
  })

  it('makes certificates that containers can read, whatever the umask', async () => {
    using folder = temporaryFolder()
    const line = 'umask 077; exec "$0" scripts/generate-keys.ts --keys "$1"'
    const child = spawn('sh', ['-c', line, process.execPath, join(folder.path, 'keys')], {
      cwd: ROOT,
      stdio: 'ignore',
    })
    expect(await once(child, 'exit')).toEqual([0, null])
    for (const name of ['root.pem', 'client-ca.pem', 'server.crt']) {
      expect((await stat(join(folder.path, 'keys', name))).mode & 0o777).toBe(0o644)
    }
  })

  it('takes every option from flags and, as make passes them, from the environment', async () => {
    using folder = temporaryFolder()
    const [byFlag, byEnv] = [join(folder.path, 'flag'), join(folder.path, 'env')]
    const flags = [
      '--users',
      'Ada Lovelace, 李',
      '--key-type',
      'EC-P384',
      '--days',
      '7',
      '--hosts',
      'a.example',
      '--json',
    ]
    const env = {
      USERS: 'Ada Lovelace, 李',
      KEY_TYPE: 'EC-P384',
      DAYS: '7',
      HOSTS: 'a.example',
      JSON: '1',
      FORCE: '0',
    }
    const outcomes = await Promise.all([generateKeys(byFlag, flags), generateKeys(byEnv, [], env)])
    for (const { exitCode, stdout } of outcomes) {
      expect(exitCode).toBe(0)
      const { outcome, certificates } = JSON.parse(stdout)
      expect(outcome).toBe('made')
      expect(certificates.map(({ name }: { name: string }) => name)).toEqual([
        'Gatehouse server root',
        'Gatehouse client CA',
        'gatehouse.localhost',
        'Administrator',
        'Ada Lovelace',
        '李',
      ])
      expect(certificates.at(-1)).toMatchObject({
        key: 'EC P-384',
        isNew: true,
        serial: expect.stringMatching(/^[0-9A-F]{32}$/),
      })
      const { notBefore, notAfter } = certificates.at(-1)
      expect(Date.parse(notAfter) - Date.parse(notBefore)).toBe(7 * 86_400_000 - 1000)
    }
  })

  it.each([
    [['--bogus'], {}, /--bogus/],
    [['stray'], {}, /stray/],
    [['--users'], {}, /--users/],
    [['--days', '0'], {}, /days.*1 to 825/],
    [['--key-type', 'rsa-1024'], {}, /rsa-2048/],
    [['--hosts', 'https://a'], {}, /DNS name/],
    [['--pkcs12', 'rc2'], {}, /compatible, modern/],
    [['--users', 'Ada,,Grace'], {}, /common name.*0 characters/],
    [['--users', 'Ada\u202e'], {}, /direction-changing/],
    [['--keys', ''], {}, /folder/],
    [[], { DAYS: 'ten' }, /"ten"/],
    [[], { FORCE: 'yes' }, /FORCE.*"yes"/],
    [[], { JSON: '2' }, /JSON.*"2"/],
  ])('refuses %j %j with exit code 2', async (args, env, message) => {
    using folder = temporaryFolder()
    const keys = join(folder.path, 'keys')
    expect(await generateKeys(keys, args, env)).toMatchObject(sentence(2, message))
    expect(await readdir(folder.path)).toEqual([])
  })

  it('says with exit code 1 what is wrong with the keys that are there', async () => {
    using folder = temporaryFolder()
    const keys = join(folder.path, 'keys')
    await generateKeys(keys)
    await writeFile(join(keys, 'private/client-ca.passphrase'), 'wrong')
    const wrong = {
      stdout: '',
      exitCode: 1,
      stderr: expect.stringMatching(/client-ca\.passphrase does not open/),
    }
    expect(await generateKeys(keys, ['--users', 'Ada'])).toMatchObject(wrong)
    await rm(join(keys, 'server.key'))
    expect(await generateKeys(keys)).toMatchObject(sentence(1, /server\.key missing or empty/))
    await writeFile(join(folder.path, 'file'), '')
    expect(await generateKeys(join(folder.path, 'file'))).toMatchObject(sentence(1, /not a directory/))
  })

  it('killed while it writes, leaves no half set under the real name, and the next run has a whole one', async () => {
    using folder = temporaryFolder()
    const keys = join(folder.path, 'keys')
    const users = Array.from({ length: 40 }, (_, i) => `Person ${i}`).join(',')
    const args = ['scripts/generate-keys.ts', '--keys', keys, '--users', users]
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'ignore' })
    await killWhenFolderAppears(child, folder.path)
    expect(child.signalCode).toBe('SIGKILL')
    // Its last act is the rename: killed a moment later, everything is there; killed before, nothing is.
    const isThere = (await readdir(folder.path)).includes('keys')
    const next = await generateKeys(keys)
    expect(next).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(isThere ? 'is whole' : 'was made'),
    })
    expect(await generateKeys(keys)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('is whole'),
    })
  })

  it('started twice at once, makes one set, and both say so', async () => {
    using folder = temporaryFolder()
    const keys = join(folder.path, 'keys')
    const outcomes = await Promise.all([generateKeys(keys, ['--json']), generateKeys(keys, ['--json'])])
    const reports = outcomes.map(({ stdout }) => JSON.parse(stdout))
    expect(reports.map(({ outcome }) => outcome).toSorted()).toEqual(['made', 'unchanged'])
    expect(reports[0].certificates[0].serial).toBe(reports[1].certificates[0].serial)
  })
})

/** kill -9 at the first sign of the folder beside, which is before the files in it are written. */
async function killWhenFolderAppears(child: ChildProcess, folder: string): Promise<void> {
  const exited = once(child, 'exit')
  for await (const _ of watch(folder)) {
    child.kill('SIGKILL')
    break
  }
  await exited
}

describe('add-user', () => {
  it('adds a user, once', async () => {
    using folder = temporaryFolder()
    const keys = join(folder.path, 'keys')
    await generateKeys(keys)
    const args = [
      'Ada Lovelace',
      '--json',
      '--organisation',
      'Engines',
      '--email',
      'ada@example.org',
      '--days',
      '3',
    ]
    const first = await addUser(keys, args)
    expect(first).toMatchObject({ exitCode: 0, stderr: '' })
    expect(JSON.parse(first.stdout)).toMatchObject({
      file: 'ada.crt',
      name: 'Ada Lovelace',
      organisation: 'Engines',
      email: 'ada@example.org',
    })
    expect(await addUser(keys, ['ADA LOVELACE'])).toMatchObject(sentence(1, /ada\.crt/))
    expect(await addUser(keys, [], { NAME: 'Alan Turing' })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`${keys}/alan.p12`),
    })
  })

  it.each([
    [[], {}, /One name/],
    [['Ada', 'Lovelace'], {}, /in quotes/],
    [['Eve', '--organisation', 'CA admins'], {}, /--admin/],
    [['Eve', '--organisation', 'X', '--admin'], {}, /leave --organisation out/],
    [['Eve', '--email', 'nowhere'], {}, /name@example\.org/],
    [['Eve', '--force'], {}, /--force/],
  ])('refuses %j with exit code 2', async (args, env, message) => {
    using folder = temporaryFolder()
    expect(await addUser(join(folder.path, 'keys'), args, env)).toMatchObject(sentence(2, message))
  })

  it('says what to do when there are no keys', async () => {
    using folder = temporaryFolder()
    expect(await addUser(join(folder.path, 'keys'), ['Ada'])).toMatchObject(sentence(1, /make generate-keys/))
  })
})
