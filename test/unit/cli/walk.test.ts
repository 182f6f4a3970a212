// The walk of a user and an administrator, with the real command and a real server: what they type, and what comes of it.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { EXIT } from '../../../cli/errors.ts'
import { type Home, makeHome, type Outcome, type RunOptions } from './lab.ts'
import { type RealServer, startRealServer } from './real-server.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let server: RealServer
let queueing: RealServer
beforeAll(async () => {
  ;[server, queueing] = await Promise.all([
    startRealServer(),
    startRealServer(() => ({ GATEHOUSE_POLICY: 'queue' })),
  ])
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await queueing[Symbol.asyncDispose]()
})

/** Somebody who has typed `config server`. */
async function newcomer(at = server): Promise<Home> {
  const home = makeHome()
  await done(home, ['config', 'server', at.url, '--ca', join(at.keys, 'root.pem')])
  return home
}

/** Somebody who runs the authority, with the keys of the checkout. */
async function administrator(at = server): Promise<Home> {
  const home = await newcomer(at)
  await done(home, ['config', 'identity', join(at.keys, 'admin')])
  return home
}

/** The JSON of a command that has to work. */
async function done(home: Home, args: readonly string[], options?: RunOptions) {
  const outcome = await home.gatehouse([...args, '--json'], options)
  expect(outcome).toMatchObject({ exitCode: EXIT.ok })
  return JSON.parse(outcome.stdout)
}

/** The JSON of a command that must not. */
function refused({ exitCode, stdout, stderr }: Outcome) {
  const { error } = JSON.parse(stdout)
  expect(stderr).toContain(`(${error.code})`)
  return [exitCode, error.code]
}

async function refusal(home: Home, args: readonly string[]) {
  return refused(await home.gatehouse([...args, '--json']))
}

const mode = (path: string): number => statSync(path).mode & 0o777

describe('register', () => {
  it('makes a key that stays here, and later commands use it', async () => {
    using ada = await newcomer()
    const issued = await done(ada, [
      'register',
      '--name',
      'Ada Lovelace',
      '--email',
      'ada@example.org',
      '--configure',
    ])
    const keys = join(ada.config, 'keys')
    expect(issued).toMatchObject({
      status: 'issued',
      common_name: 'Ada Lovelace',
      files: [join(keys, 'ada.crt'), join(keys, 'ada.key')],
    })
    expect(await done(ada, ['whoami'])).toMatchObject({
      level: 'trusted',
      name: 'Ada Lovelace',
      serial: issued.serial,
    })
    for (const folder of [ada.config, keys]) expect(mode(folder)).toBe(0o700)
    for (const file of [...issued.files, join(ada.config, 'config.json')]) expect(mode(file)).toBe(0o600)
    const log = server.log()
    expect(log).toContain(issued.serial)
    expect(log).not.toContain('PRIVATE KEY')
    expect(readdirSync(ada.path).filter(name => name !== '.config')).toEqual([])
  })

  it('writes what a browser imports, and shows its passphrase nowhere', async () => {
    using hedy = await newcomer()
    const p12 = join(hedy.path, 'hedy.p12')
    const outcome = await hedy.gatehouse([
      'register',
      '--name',
      'Hedy Lamarr',
      '--out',
      p12,
      '--pkcs12',
      'modern',
      '--show-passphrase',
    ])
    const passphrase = readFileSync(join(hedy.path, 'hedy.passphrase'), 'utf8').trim()
    expect(outcome.exitCode).toBe(EXIT.ok)
    expect(outcome.stdout + outcome.stderr).not.toContain(passphrase)
    expect([mode(p12), mode(join(hedy.path, 'hedy.passphrase'))]).toEqual([0o600, 0o600])
    const said = execFileSync('openssl', ['pkcs12', '-in', p12, '-passin', 'stdin', '-nokeys', '-nodes'], {
      input: passphrase,
      encoding: 'utf8',
    })
    expect(said).toMatch(/CN = Hedy Lamarr[\s\S]*CN = Gatehouse client CA/)
    for (const from of [
      ['--passphrase-file', join(hedy.path, 'hedy.passphrase')],
      ['--passphrase-file', '-'],
    ]) {
      const caller = await done(hedy, ['whoami', '--p12', p12, ...from], { input: `${passphrase}\n` })
      expect(caller).toMatchObject({ name: 'Hedy Lamarr' })
    }
    expect(
      await refused(
        await hedy.gatehouse(['whoami', '--json', '--p12', p12, '--passphrase-file', '-'], {
          input: 'wrong\n',
        }),
      ),
    ).toEqual([EXIT.failure, 'PASSPHRASE_WRONG'])
    expect(await refusal(hedy, ['whoami', '--p12', p12])).toEqual([EXIT.usage, 'PASSPHRASE_MISSING'])
  })

  it('takes a key from the server as well, and can renew it', async () => {
    using mary = await newcomer()
    const issued = await done(mary, ['register', '--name', 'Mary Jackson', '--server-key', '--configure'])
    expect(issued).not.toHaveProperty('passphrase')
    expect(issued).not.toHaveProperty('pkcs12')
    expect(issued.files.map(mode)).toEqual([0o600, 0o600])
    expect(await done(mary, ['renew'])).toMatchObject({ renewed: true })
    const caller = await done(mary, ['whoami'])
    expect(caller).toMatchObject({ level: 'trusted', name: 'Mary Jackson' })
    expect(caller.serial).not.toBe(issued.serial)
  })

  it.each([
    [['--name', 'Grace\u202e'], EXIT.usage, 'NAME_INVALID'],
    [['--name', 'Grace', '--email', 'nobody'], EXIT.usage, 'EMAIL_INVALID'],
    [['--name', 'Grace', '--pkcs12', 'rc2'], EXIT.usage, 'PKCS12_PROFILE_UNKNOWN'],
    [['--name', 'Grace', '--key-type', 'ed25519'], EXIT.usage, 'KEY_TYPE_UNSUPPORTED'],
    [[], EXIT.usage, 'USAGE'],
    [['--name', 'Eve', '--organisation', 'CA admins'], EXIT.refused, 'ORGANISATION_RESERVED'],
    [['--resume'], EXIT.notFound, 'REQUEST_UNKNOWN'],
    [['--name', 'Eve', '--out', '/nonexistent/eve.p12'], EXIT.failure, 'ENOENT'],
  ])('with %j leaves no key behind', async (args, exitCode, code) => {
    using eve = await newcomer()
    expect(await refusal(eve, ['register', ...args])).toEqual([exitCode, code])
    expect(existsSync(join(eve.config, 'keys')) ? readdirSync(join(eve.config, 'keys')) : []).toEqual([])
  })

  it('of a name that somebody has is a conflict, in whatever spelling', async () => {
    using first = await newcomer()
    await done(first, ['register', '--name', 'Katherine Johnson'])
    expect(await refusal(first, ['register', '--name', 'KATHERINE  johnson'])).toEqual([
      EXIT.conflict,
      'NAME_TAKEN',
    ])
    expect(readdirSync(join(first.config, 'keys')).toSorted()).toEqual(['katherine.crt', 'katherine.key'])
  })
})

describe('a request that waits', () => {
  it('is approved as it was shown, once, and its certificate is fetched', async () => {
    using emmy = await newcomer(queueing)
    using admin = await administrator(queueing)
    const { request } = await done(emmy, ['register', '--name', 'Emmy Noether', '--configure'])
    const resume = ['register', '--resume', request.id]
    expect(await refusal(emmy, resume)).toEqual([EXIT.conflict, 'REQUEST_UNDECIDED'])
    const [listed] = (await done(admin, ['requests', 'list'])).requests
    expect(listed).toMatchObject({ id: request.id, status: 'waiting', common_name: 'Emmy Noether' })

    const approve = ['requests', 'approve', request.id]
    expect(await refusal(emmy, [...approve, '--yes'])).toEqual([EXIT.refused, 'CERT_MISSING'])
    expect(await refusal(admin, approve)).toEqual([EXIT.usage, 'USAGE'])
    expect(await refusal(admin, [...approve, '--sha256', '0'.repeat(64)])).toEqual([
      EXIT.conflict,
      'REQUEST_CHANGED',
    ])
    expect(await refusal(emmy, resume)).toEqual([EXIT.conflict, 'REQUEST_UNDECIDED'])
    const approved = await done(admin, [...approve, '--sha256', listed.sha256.toLowerCase()])
    expect(approved).toMatchObject({ status: 'issued' })
    expect(await admin.gatehouse([...approve, '--yes'])).toMatchObject({ exitCode: EXIT.conflict })

    expect(await done(emmy, resume)).toMatchObject({
      status: 'issued',
      serial: approved.serial,
      configured: true,
    })
    expect(await done(emmy, ['whoami'])).toMatchObject({ level: 'trusted', serial: approved.serial })
    expect(await refusal(emmy, resume)).toEqual([EXIT.notFound, 'REQUEST_UNKNOWN'])
  })

  it('without a key is collected once', async () => {
    using lise = await newcomer(queueing)
    using admin = await administrator(queueing)
    const { request } = await done(lise, [
      'register',
      '--name',
      'Lise Meitner',
      '--server-key',
      '--configure',
    ])
    await done(admin, ['requests', 'approve', request.id, '--yes'])
    expect(await done(lise, ['register', '--resume'])).toMatchObject({ status: 'issued' })
    expect(await done(lise, ['whoami'])).toMatchObject({ level: 'trusted', name: 'Lise Meitner' })
  })

  it('is rejected with a reason, and nothing of it stays', async () => {
    using mallory = await newcomer(queueing)
    using admin = await administrator(queueing)
    const { request } = await done(mallory, ['register', '--name', 'Mallory'])
    await done(admin, ['requests', 'reject', request.id, '--reason', 'Who are you?'])
    const outcome = await mallory.gatehouse(['register', '--resume', '--json'])
    expect(refused(outcome)).toEqual([EXIT.refused, 'REQUEST_REJECTED'])
    expect(outcome.stderr).toContain('Who are you?')
    expect(readdirSync(join(mallory.config, 'keys'))).toEqual([])
    expect(await refusal(admin, ['requests', 'show', '0'.repeat(32)])).toEqual([
      EXIT.notFound,
      'REQUEST_UNKNOWN',
    ])
  })
})

describe('renew', () => {
  it('replaces the files, and keeps the old beside; both work', async () => {
    using maria = await newcomer()
    const before = await done(maria, ['register', '--name', 'Maria Mayer', '--configure'])
    const [cert, key] = before.files
    const oldKey = readFileSync(key, 'utf8')
    expect(await done(maria, ['renew', '--if-expiring', '30d'])).toMatchObject({ renewed: false })
    const after = await done(maria, ['renew', '--if-expiring', '100d'])
    expect(after).toMatchObject({ renewed: true, replaces: { serial: before.serial } })
    expect(await done(maria, ['whoami'])).toMatchObject({ serial: after.serial })
    expect(readFileSync(`${key}.old`, 'utf8')).toBe(oldKey)
    expect(readFileSync(key, 'utf8')).not.toBe(oldKey)
    expect(await done(maria, ['whoami', '--cert', `${cert}.old`, '--key', `${key}.old`])).toMatchObject({
      serial: before.serial,
    })
    expect([cert, key, `${cert}.old`, `${key}.old`].map(mode)).toEqual([0o600, 0o600, 0o600, 0o600])
  })

  it('takes up the key of a renewal whose answer was lost', async () => {
    using rosalind = await newcomer()
    const {
      files: [cert, key],
    } = await done(rosalind, ['register', '--name', 'Rosalind Franklin', '--configure'])
    const old = { cert: readFileSync(cert), key: readFileSync(key) }
    const issued = await done(rosalind, ['renew'])
    // As it was when the answer had not come yet.
    writeFileSync(`${key}.new`, readFileSync(key))
    writeFileSync(cert, old.cert)
    writeFileSync(key, old.key)
    expect(await done(rosalind, ['renew'])).toMatchObject({ renewed: true, serial: issued.serial })
    expect(await done(rosalind, ['whoami'])).toMatchObject({ serial: issued.serial })
  })

  it('of nobody, or with a revoked certificate, is not done', async () => {
    using nobody = await newcomer()
    expect(await refusal(nobody, ['renew'])).toEqual([EXIT.usage, 'IDENTITY_MISSING'])
    using marie = await newcomer()
    const { serial } = await done(marie, ['register', '--name', 'Marie Curie', '--configure'])
    await done(marie, ['pki', 'revoke', serial, '--reason', 'keyCompromise'])
    expect(await refusal(marie, ['renew'])).toEqual([EXIT.refused, 'CERT_REVOKED'])
    expect(await refusal(marie, ['pki', 'list'])).toEqual([EXIT.refused, 'CERT_REVOKED'])
  })
})

describe('pki', () => {
  it('shows how the authority stands, and its certificate', async () => {
    using anybody = await newcomer()
    expect(await done(anybody, ['pki', 'status'])).toMatchObject({ initialised: true, signing: true })
    const ca = readFileSync(join(server.keys, 'client-ca.pem'), 'utf8')
    expect((await anybody.gatehouse(['pki', 'download'])).stdout).toBe(ca)
    await done(anybody, ['pki', 'download', '--der', '-o', join(anybody.path, 'ca.der')])
    const said = execFileSync('openssl', ['x509', '-inform', 'der', '-in', join(anybody.path, 'ca.der')], {
      encoding: 'utf8',
    })
    expect(said).toBe(ca)
    expect(await refusal(anybody, ['pki', 'download', '-o', join(anybody.path, 'ca.der')])).toEqual([
      EXIT.failure,
      'FILE_EXISTS',
    ])
  })

  it('issues for a signing request, with or without a key, and lists it page by page', async () => {
    using admin = await administrator()
    await done(admin, ['csr', '--name', 'Chien-Shiung Wu', '-o', join(admin.path, 'wu')])
    const pem = await admin.gatehouse([
      'pki',
      'issue',
      '--name',
      'Chien-Shiung Wu',
      '--csr',
      join(admin.path, 'wu.csr'),
    ])
    expect(pem.stdout).toMatch(/^-----BEGIN CERTIFICATE-----\n[\s\S]*-----END CERTIFICATE-----\n$/)
    const p12 = join(admin.path, 'vera.p12')
    const issued = await done(admin, [
      'pki',
      'issue',
      '--name',
      'Vera Rubin',
      '--organisation',
      'Carnegie',
      '--days',
      '7',
      '--out',
      p12,
    ])
    expect(issued.files).toEqual([p12, join(admin.path, 'vera.passphrase')])
    expect(issued).not.toHaveProperty('passphrase')
    expect(await done(admin, ['pki', 'show', issued.serial.toLowerCase()])).toMatchObject({
      common_name: 'Vera Rubin',
    })
    const first = await done(admin, ['pki', 'list', '--limit', '1'])
    const second = await done(admin, ['pki', 'list', '--limit', '1', '--after', first.next])
    expect([first, second].map(page => page.certificates[0].common_name)).toEqual([
      'Vera Rubin',
      'Chien-Shiung Wu',
    ])
    const all = await done(admin, ['pki', 'list', '--all', '--limit', '1'])
    expect(all.next).toBe(null)
    expect(all.certificates.length).toBeGreaterThan(1)
    expect((await done(admin, ['pki', 'list', '--search', 'carnegie'])).certificates).toHaveLength(1)
    expect((await admin.gatehouse(['pki', 'list', '--search', 'carnegie'])).stdout).toMatch(
      /^SERIAL .*\n[0-9A-F]{32} {2}valid .*Vera Rubin {2}Carnegie\n$/,
    )
  })

  it('revokes once, with a reason', async () => {
    using admin = await administrator()
    const { serial } = await done(admin, [
      'pki',
      'issue',
      '--name',
      'Jocelyn Bell',
      '-o',
      join(admin.path, 'bell.p12'),
    ])
    expect(await refusal(admin, ['pki', 'revoke', serial, '--reason', 'nope'])).toEqual([
      EXIT.usage,
      'REASON_UNKNOWN',
    ])
    expect(await done(admin, ['pki', 'revoke', serial, '--reason', 'superseded'])).toMatchObject({
      status: 'revoked',
      reason: 'superseded',
    })
    expect(await refusal(admin, ['pki', 'revoke', serial])).toEqual([EXIT.conflict, 'ALREADY_REVOKED'])
    expect(await refusal(admin, ['pki', 'revoke', 'FF'])).toEqual([EXIT.notFound, 'CERT_UNKNOWN'])
    const { certificates } = await done(admin, ['pki', 'list', '--status', 'revoked', '--search', serial])
    expect(certificates).toHaveLength(1)
  })

  it('is closed to who may not', async () => {
    using nobody = await newcomer()
    using dorothy = await newcomer()
    await done(dorothy, ['register', '--name', 'Dorothy Vaughan', '--configure'])
    expect(await refusal(nobody, ['pki', 'list'])).toEqual([EXIT.refused, 'CERT_MISSING'])
    expect(
      await refusal(dorothy, ['pki', 'issue', '--name', 'Eve', '-o', join(dorothy.path, 'eve.p12')]),
    ).toEqual([EXIT.refused, 'LEVEL_TOO_LOW'])
    expect((await done(dorothy, ['pki', 'list'])).certificates).toMatchObject([
      { common_name: 'Dorothy Vaughan' },
    ])
  })
})

it('a self-signed certificate made offline is the untrusted level', async () => {
  using ada = await newcomer()
  await done(ada, [
    'cert',
    '-a',
    'ec',
    '-c',
    'secp384r1',
    '-d',
    '365',
    '-n',
    'Ada',
    '-o',
    join(ada.path, 'own'),
  ])
  expect(
    await done(ada, ['whoami', '--cert', join(ada.path, 'own.crt'), '--key', join(ada.path, 'own.key')]),
  ).toMatchObject({
    level: 'untrusted',
  })
})

describe('audit verify', () => {
  it('holds, remembers, and notices a trail that was rewritten as a whole', async () => {
    await using own = await startRealServer()
    using admin = await administrator(own)
    await done(admin, ['pki', 'issue', '--name', 'Ada Lovelace', '-o', join(admin.path, 'ada.p12')])
    const first = await done(admin, ['audit', 'verify'])
    expect(first).toMatchObject({ known_before: 0 })
    expect(first.verified).toBeGreaterThan(1)
    await done(admin, ['pki', 'issue', '--name', 'Grace Hopper', '-o', join(admin.path, 'grace.p12')])
    expect(await done(admin, ['audit', 'verify'])).toMatchObject({ known_before: first.verified })
    rewriteTrail(own.database)
    expect(await refusal(admin, ['audit', 'verify'])).toEqual([
      EXIT.failure,
      expect.stringMatching(/^AUDIT_/),
    ])
    using nobody = await newcomer(own)
    expect(await refusal(nobody, ['audit', 'verify'])).toEqual([EXIT.refused, 'CERT_MISSING'])
  })
})

/** Who has the database takes the last events away. */
function rewriteTrail(path: string): void {
  const database = new DatabaseSync(path)
  const tables = database.prepare("select name from sqlite_master where type = 'table'").all()
  expect(tables).toContainEqual({ name: 'audit_events' })
  database.exec('delete from audit_events where sequence > 1')
  database.close()
}
