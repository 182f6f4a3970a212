// Files of a person are whole, theirs alone, and never lost.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { configPath, readConfig, updateConfig } from '../../../cli/config-file.ts'
import { EXIT } from '../../../cli/errors.ts'
import { foldersOf } from '../../../cli/folders.ts'
import { readPemIdentity } from '../../../cli/identity-files.ts'
import { assertWritable, ensureFolder, writePrivate } from '../../../cli/private-files.ts'
import { parseCertificate } from '../../../pki/parse-certificate.ts'
import { decodeCertificatePem } from '../../../pki/pem.ts'
import { verifySelfSigned } from '../../../pki/verify-certificate.ts'
import { makeClient, makeClientCa, run, temporaryFolder } from '../../support/lab.ts'
import { pemOf } from '../app/lab.ts'
import { makeHome } from './lab.ts'

const mode = (path: string): number => statSync(path).mode & 0o777
const never = async (): Promise<string> => {
  throw new Error('no passphrase was expected to be needed')
}

describe('a private file', () => {
  it('replaces no other, and leaves nothing beside', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'key')
    await writePrivate(path, 'one')
    await expect(writePrivate(path, 'two')).rejects.toMatchObject({
      code: 'FILE_EXISTS',
      message: expect.stringContaining('--force'),
    })
    await expect(assertWritable([path])).rejects.toMatchObject({ code: 'FILE_EXISTS' })
    expect(readFileSync(path, 'utf8')).toBe('one')
    await writePrivate(path, 'two', true)
    expect([readFileSync(path, 'utf8'), readFileSync(`${path}.old`, 'utf8')]).toEqual(['two', 'one'])
    expect(readdirSync(folder.path).toSorted()).toEqual(['key', 'key.old'])
    expect([mode(path), mode(`${path}.old`)]).toEqual([0o600, 0o600])
  })

  it('of two at once is the one of the first', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'key')
    const outcomes = await Promise.allSettled(['one', 'two', 'three'].map(data => writePrivate(path, data)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(readdirSync(folder.path)).toEqual(['key'])
  })

  it('is in a folder that others cannot look into', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'a')
    mkdirSync(path)
    chmodSync(path, 0o755)
    await ensureFolder(path)
    expect(mode(path)).toBe(0o700)
  })
})

describe('the configuration', () => {
  it('is where the XDG specification says', () => {
    expect(foldersOf({ HOME: '/home/ada' })).toEqual({
      config: '/home/ada/.config/gatehouse',
      keys: '/home/ada/.config/gatehouse/keys',
      state: '/home/ada/.local/state/gatehouse',
    })
    expect(foldersOf({ HOME: '/home/ada', XDG_CONFIG_HOME: '/c', XDG_STATE_HOME: '/s' })).toMatchObject({
      config: '/c/gatehouse',
      state: '/s/gatehouse',
    })
    expect(foldersOf({ HOME: '/home/ada', XDG_CONFIG_HOME: 'relative' }).config).toBe(
      '/home/ada/.config/gatehouse',
    )
  })

  it('keeps what is not changed, for its owner only', async () => {
    using folder = temporaryFolder()
    const folders = foldersOf({ HOME: folder.path })
    expect(await readConfig(folders)).toEqual({})
    await updateConfig(folders, { server: 'https://a.example/' })
    await updateConfig(folders, { ca: '/root.pem' })
    expect(await readConfig(folders)).toEqual({ server: 'https://a.example/', ca: '/root.pem' })
    expect([mode(folders.config), mode(configPath(folders))]).toEqual([0o700, 0o600])
  })

  it.each([
    '',
    '{',
    '[]',
    '{"server":"http://a.example/"}',
    '{"servr":"https://a.example/"}',
    '{"identity":{"cert":"x"}}',
  ])('that is %s is refused with its path', async content => {
    using home = makeHome()
    mkdirSync(home.config, { recursive: true })
    writeFileSync(join(home.config, 'config.json'), content)
    const { exitCode, stderr } = await home.gatehouse(['config', 'show'])
    expect(exitCode).toBe(EXIT.failure)
    expect(stderr).toMatch(/config\.json is not a configuration.*CONFIG_INVALID/)
  })

  it('takes an identity by name, by files, and only with its own key', async () => {
    using home = makeHome()
    const clientCa = await makeClientCa()
    const [grace, other] = [pemOf(await makeClient(clientCa)), pemOf(await makeClient(clientCa))]
    const at = (name: string, content = ''): string => {
      const path = join(home.path, name)
      if (content !== '') writeFileSync(path, content)
      return path
    }
    at('admin.crt', grace.cert)
    at('admin.key', grace.key)
    at('other.key', other.key)
    expect(await home.gatehouse(['config', 'identity', at('admin')])).toMatchObject({ exitCode: EXIT.ok })
    const shown = await home.gatehouse(['config', 'show', '--json'])
    expect(JSON.parse(shown.stdout)).toMatchObject({
      identity: { cert: at('admin.crt'), key: at('admin.key') },
      certificate: { name: 'Grace Hopper' },
    })
    const wrong = ['config', 'identity', '--cert', at('admin.crt'), '--key', at('other.key')]
    expect(await home.gatehouse(wrong)).toMatchObject({
      exitCode: EXIT.failure,
      stderr: expect.stringContaining('KEYS_MISMATCHED'),
    })
    expect(await home.gatehouse(['config', 'identity', 'nobody'])).toMatchObject({
      stderr: expect.stringContaining('FILE_UNREADABLE'),
    })
    expect(
      await home.gatehouse(['config', 'server', 'https://a.example', '--ca', at('other.key')]),
    ).toMatchObject({ stderr: expect.stringContaining('not a certificate') })
    expect(await home.gatehouse(['config', 'server', 'https://a.example', '--ca', at('none')])).toMatchObject(
      { stderr: expect.stringContaining('no such file') },
    )
    expect((await home.gatehouse(['config', 'show', '--json'])).stdout).toBe(shown.stdout)
  })
})

describe('an identity', () => {
  it('is whole again after a renewal was killed between its two renames', async () => {
    using folder = temporaryFolder()
    const clientCa = await makeClientCa()
    const [before, after] = [pemOf(await makeClient(clientCa)), pemOf(await makeClient(clientCa))]
    const [cert, key] = [join(folder.path, 'a.crt'), join(folder.path, 'a.key')]
    writeFileSync(cert, before.cert)
    writeFileSync(key, before.key)
    writeFileSync(`${cert}.new`, after.cert)
    writeFileSync(`${key}.new`, after.key)
    // Before the first rename the old one is in force.
    expect((await readPemIdentity({ cert, key }, never)).cert).toBe(before.cert)
    renameSync(`${key}.new`, key)
    const identity = await readPemIdentity({ cert, key }, never)
    expect(identity.certificate.checkPrivateKey(identity.privateKey)).toBe(true)
    expect([existsSync(`${cert}.new`), readFileSync(cert, 'utf8')]).toEqual([false, after.cert])
  })

  it('may have its key under a passphrase', async () => {
    using folder = temporaryFolder()
    const [cert, key, sealed] = ['crt', 'key', 'sealed'].map(name => join(folder.path, name)) as [
      string,
      string,
      string,
    ]
    const grace = pemOf(await makeClient(await makeClientCa()))
    writeFileSync(cert, grace.cert)
    writeFileSync(key, grace.key)
    run('openssl', 'pkcs8', '-topk8', '-in', key, '-out', sealed, '-passout', 'pass:secret')
    const read = (passphrase: string) => readPemIdentity({ cert, key: sealed }, async () => passphrase)
    expect((await read('secret')).cert).toBe(grace.cert)
    await expect(read('wrong')).rejects.toMatchObject({ code: 'PASSPHRASE_WRONG' })
    await expect(readPemIdentity({ cert, key: cert }, never)).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
    })
  })
})

it.each([
  ['ec', '-c', 'secp384r1'],
  ['ec', '-c', 'prime256v1'],
  ['rsa', '-b', '2048'],
])(
  'a self-signed certificate of %s %s %s is good for the untrusted level',
  async (algorithm, flag, value) => {
    using home = makeHome()
    const base = join(home.path, 'own')
    const { stdout } = await home.gatehouse([
      'cert',
      '-a',
      algorithm,
      flag,
      value,
      '-d',
      '365',
      '-n',
      'Ada',
      '-o',
      base,
      '--json',
    ])
    const certificate = parseCertificate(decodeCertificatePem(readFileSync(`${base}.crt`, 'utf8')))
    verifySelfSigned(certificate, new Date())
    expect(JSON.parse(stdout)).toMatchObject({
      fingerprint256: certificate.fingerprint256,
      files: [`${base}.crt`, `${base}.key`],
    })
    expect(mode(`${base}.key`)).toBe(0o600)
  },
)
