// A key set is whole or not there; what is there is never overwritten.
import { mkdir, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { addUser } from '../../../pki/add-users.ts'
import { soleAttribute } from '../../../pki/distinguished-name.ts'
import { ensureKeySet } from '../../../pki/key-set.ts'
import { DEFAULT_USERS, type KeySetOptions } from '../../../pki/key-set-options.ts'
import { verifyIssued } from '../../../pki/verify-certificate.ts'
import { NOW, run, temporaryFolder } from '../../support/lab.ts'

vi.setConfig({ testTimeout: 60_000 })

function inFolder(folder: string, options: Partial<KeySetOptions> = {}): KeySetOptions {
  return { dir: join(folder, 'keys'), now: () => NOW, ...options }
}

/** Every file with what is in it, so that two times can be compared. */
async function snapshot(dir: string): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const paths = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  const contents = paths.map(
    async path => [path.slice(dir.length + 1), await readFile(path, 'base64')] as const,
  )
  return Object.fromEntries(await Promise.all(contents))
}

const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) })

const USER = ['crt', 'key', 'p12', 'passphrase']
const WHOLE = [
  'root.pem',
  'client-ca.pem',
  'issued.pem',
  'gate-a.pem',
  'gate-b.pem',
  'server.crt',
  'server.key',
  ...['grace', 'cecilia', 'admin'].flatMap(name => USER.map(extension => `${name}.${extension}`)),
  ...['root.key.jwe', 'root.passphrase', 'client-ca.key.jwe', 'client-ca.passphrase'].map(
    name => `private/${name}`,
  ),
  ...['proxy-secret', 'gate-keys.json', 'gate-secret'].map(name => `private/${name}`),
]

describe('a new key set', () => {
  it('has every file, secrets readable by their owner only', async () => {
    using folder = temporaryFolder()
    const { dir, outcome } = await ensureKeySet(inFolder(folder.path))
    expect(outcome).toBe('made')
    expect(Object.keys(await snapshot(dir)).toSorted()).toEqual(WHOLE.toSorted())
    expect(await readdir(folder.path)).toEqual(['keys'])
    for (const path of WHOLE) {
      const { mode } = await stat(join(dir, path))
      expect([path, (mode & 0o777).toString(8)]).toEqual([path, /\.(?:pem|crt)$/.test(path) ? '644' : '600'])
    }
    for (const path of ['.', 'private']) expect((await stat(join(dir, path))).mode & 0o777).toBe(0o700)
    expect(await readFile(join(dir, 'private/proxy-secret'), 'utf8')).toMatch(/^[0-9a-f]{64}$/)
  })

  it('has users of the client CA and a server of the root', async () => {
    using folder = temporaryFolder()
    const { dir, certificates } = await ensureKeySet(inFolder(folder.path))
    const [root, clientCa, server, ...users] = certificates
    expect([root?.role, clientCa?.role, server?.role]).toEqual(['server root', 'client CA', 'server'])
    const people = users.map(({ file, certificate }) => {
      if (clientCa) verifyIssued(certificate, clientCa.certificate, NOW)
      return [
        file,
        soleAttribute(certificate.subject, 'CN'),
        soleAttribute(certificate.subject, 'O'),
        certificate.emails[0],
      ]
    })
    expect(people).toEqual([
      ['admin.crt', 'Administrator', 'CA admins', 'admin@gatehouse.localhost'],
      ['grace.crt', 'Grace Hopper', 'Gatehouse', 'grace@gatehouse.localhost'],
      ['cecilia.crt', 'Cecilia Payne', 'Gatehouse', 'cecilia@gatehouse.localhost'],
    ])
    const verified = run(
      'openssl',
      'verify',
      '-x509_strict',
      '-CAfile',
      join(dir, 'root.pem'),
      join(dir, 'server.crt'),
    )
    expect(verified).toContain('OK')
    const opened = [
      'pkcs12',
      '-in',
      join(dir, 'grace.p12'),
      '-passin',
      `file:${join(dir, 'grace.passphrase')}`,
      '-nokeys',
    ]
    expect(run('openssl', ...opened)).toContain('Grace Hopper')
  })

  it('names the hosts that were asked for besides its own, and its root may', async () => {
    using folder = temporaryFolder()
    const { dir } = await ensureKeySet(
      inFolder(folder.path, { hosts: ['gate.example.org', '10.0.0.7', '0::1'] }),
    )
    for (const name of ['gate.example.org', 'localhost']) {
      const options = ['-x509_strict', '-verify_hostname', name, '-CAfile', join(dir, 'root.pem')]
      expect(run('openssl', 'verify', ...options, join(dir, 'server.crt'))).toContain('OK')
    }
    const text = run('openssl', 'x509', '-in', join(dir, 'server.crt'), '-noout', '-ext', 'subjectAltName')
    expect(text.match(/(?:DNS|IP Address):\S+/g)).toHaveLength(6)
  })

  it('is made in an empty folder, and behind a symbolic link', async () => {
    using folder = temporaryFolder()
    await mkdir(join(folder.path, 'real'))
    await symlink('real', join(folder.path, 'keys'))
    const { dir, outcome } = await ensureKeySet(inFolder(folder.path))
    expect(outcome).toBe('made')
    expect(dir.endsWith('/real')).toBe(true)
    expect((await ensureKeySet(inFolder(folder.path))).outcome).toBe('unchanged')
  })

  it('tells each step', async () => {
    using folder = temporaryFolder()
    const steps: string[] = []
    await ensureKeySet(
      inFolder(folder.path, { onProgress: ({ done, total }) => steps.push(`${done}/${total}`) }),
    )
    expect(steps).toEqual(['1/6', '2/6', '3/6', '4/6', '5/6', '6/6'])
  })
})

describe('a key set that is there', () => {
  it('stays as it is', async () => {
    using folder = temporaryFolder()
    const { dir } = await ensureKeySet(inFolder(folder.path))
    const before = await snapshot(dir)
    const again = await ensureKeySet(inFolder(folder.path, { users: DEFAULT_USERS, keyType: 'rsa-2048' }))
    expect(again.outcome).toBe('unchanged')
    expect(again.certificates.some(({ isNew }) => isNew)).toBe(false)
    expect(await snapshot(dir)).toEqual(before)
  })

  it('gets the users it lacks, and nobody who was not asked for', async () => {
    using folder = temporaryFolder()
    const { dir } = await ensureKeySet(inFolder(folder.path, { users: [{ commonName: 'Ada Lovelace' }] }))
    const before = await snapshot(dir)
    expect((await ensureKeySet(inFolder(folder.path))).outcome).toBe('unchanged')
    const users = [{ commonName: 'ada  lovelace' }, { commonName: 'Ada Palmer' }]
    const { outcome, certificates } = await ensureKeySet(inFolder(folder.path, { users }))
    expect(outcome).toBe('extended')
    expect(certificates.filter(({ isNew }) => isNew).map(({ file }) => file)).toEqual(['ada-palmer.crt'])
    const { 'issued.pem': ledger = '', ...others } = before
    const after = await snapshot(dir)
    expect(after).toMatchObject(others)
    expect(after['issued.pem']?.startsWith(ledger.slice(0, -4))).toBe(true)
  })

  it('keeps its files when the names of files are wanted by people', async () => {
    using folder = temporaryFolder()
    const users = ['Server Smith', 'Admin', 'Root', 'Client CA', 'Private Ryan', 'Issued'].map(
      commonName => ({
        commonName,
      }),
    )
    const { certificates } = await ensureKeySet(inFolder(folder.path, { users }))
    expect(certificates.filter(({ role }) => role === 'user').map(({ file }) => file)).toEqual([
      'admin.crt',
      'server-smith.crt',
      expect.stringMatching(/^user-[0-9a-f]{8}\.crt$/),
      expect.stringMatching(/^user-[0-9a-f]{8}\.crt$/),
      'client.crt',
      'private-ryan.crt',
      expect.stringMatching(/^user-[0-9a-f]{8}\.crt$/),
    ])
    expect((await ensureKeySet(inFolder(folder.path, { users }))).outcome).toBe('unchanged')
  })

  it('is replaced by force only, and kept', async () => {
    using folder = temporaryFolder()
    const { dir } = await ensureKeySet(inFolder(folder.path))
    const before = await snapshot(dir)
    const report = await ensureKeySet(inFolder(folder.path, { force: true }))
    expect(report.outcome).toBe('replaced')
    expect(report.replaced).toMatch(/\/keys\.replaced-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/)
    expect(await snapshot(report.replaced ?? '')).toEqual(before)
    expect((await snapshot(dir))['root.pem']).not.toBe(before['root.pem'])
  })

  it('is made once when two runs start at the same time', async () => {
    using folder = temporaryFolder()
    const reports = await Promise.all([1, 2, 3].map(() => ensureKeySet(inFolder(folder.path))))
    expect(reports.map(({ outcome }) => outcome).toSorted()).toEqual(['made', 'unchanged', 'unchanged'])
    expect(await readdir(folder.path)).toEqual(['keys'])
  })
})

describe('a key set that is not whole', () => {
  type Damage = (dir: string) => Promise<unknown>
  const DAMAGES: readonly (readonly [string, string, RegExp, Damage])[] = [
    [
      'a missing key',
      'KEYS_INCOMPLETE',
      /server\.key missing or empty.*FORCE=1/s,
      dir => rm(join(dir, 'server.key')),
    ],
    [
      'a missing sealed key',
      'KEYS_INCOMPLETE',
      /client-ca\.key\.jwe missing or empty/,
      dir => rm(join(dir, 'private/client-ca.key.jwe')),
    ],
    [
      'nothing but a user',
      'KEYS_INCOMPLETE',
      /missing/,
      dir => rm(join(dir, 'private'), { recursive: true }),
    ],
    ['an empty file', 'KEYS_INCOMPLETE', /proxy-secret/, dir => truncate(join(dir, 'private/proxy-secret'))],
    [
      'half a user',
      'KEYS_INCOMPLETE',
      /grace\.crt missing or empty.*grace\.\*/s,
      dir => rm(join(dir, 'grace.crt')),
    ],
    [
      'something else as a certificate',
      'KEYS_MISMATCHED',
      /root\.pem/,
      dir => writeFile(join(dir, 'root.pem'), 'x'),
    ],
    ['somebody else as a key', 'KEYS_MISMATCHED', /grace\.key/, dir => copy(dir, 'cecilia.key', 'grace.key')],
    [
      'something else as a key',
      'KEYS_MISMATCHED',
      /server\.key/,
      dir => writeFile(join(dir, 'server.key'), 'x'),
    ],
    [
      'the client CA as root',
      'KEYS_MISMATCHED',
      /server\.crt/,
      dir => copy(dir, 'client-ca.pem', 'root.pem'),
    ],
  ]

  async function copy(dir: string, from: string, to: string): Promise<void> {
    await writeFile(join(dir, to), await readFile(join(dir, from)))
  }

  it.each(DAMAGES)('%s: says so and changes nothing', async (_, code, message, damage) => {
    using folder = temporaryFolder()
    const { dir } = await ensureKeySet(inFolder(folder.path))
    await damage(dir)
    const before = await snapshot(dir)
    await expect(ensureKeySet(inFolder(folder.path))).rejects.toThrow(failure(code, message))
    expect(await snapshot(dir)).toEqual(before)
  })

  it('users of another CA: says so and changes nothing', async () => {
    using folder = temporaryFolder()
    const { dir } = await ensureKeySet(inFolder(folder.path))
    const other = await ensureKeySet({ ...inFolder(folder.path), dir: join(folder.path, 'other') })
    for (const extension of USER) {
      await writeFile(join(dir, `grace.${extension}`), await readFile(join(other.dir, `grace.${extension}`)))
    }
    await expect(ensureKeySet(inFolder(folder.path))).rejects.toThrow(
      failure('KEYS_MISMATCHED', /grace\.crt was issued by another authority/),
    )
  })

  it('a host that the server does not name: says so', async () => {
    using folder = temporaryFolder()
    await ensureKeySet(inFolder(folder.path, { hosts: ['a.example'] }))
    expect((await ensureKeySet(inFolder(folder.path, { hosts: ['a.example', '::1'] }))).outcome).toBe(
      'unchanged',
    )
    await expect(ensureKeySet(inFolder(folder.path, { hosts: ['b.example'] }))).rejects.toThrow(
      failure('KEYS_MISMATCHED', /b\.example/),
    )
  })
})

describe('users', () => {
  it.each([
    ['twice', [{ commonName: 'Ada' }, { commonName: 'ADA' }]],
    ['twice, in letters that look alike', [{ commonName: 'TOM' }, { commonName: 'ТОМ' }]],
    ['the administrator', [{ commonName: 'administrator' }]],
    ['what looks like the administrator', [{ commonName: 'Adrninistrator' }]],
    ['an organisation that administers', [{ commonName: 'Eve', organisation: 'ca  ADMINS' }]],
    ['an organisation that looks like it', [{ commonName: 'Eve', organisation: 'CA adrnins' }]],
    ['an organisation of two scripts', [{ commonName: 'Eve', organisation: 'СА admins' }]],
    ['no name', [{ commonName: '' }]],
  ])('are refused before anything is made: %s', async (_, users) => {
    using folder = temporaryFolder()
    await expect(ensureKeySet(inFolder(folder.path, { users }))).rejects.toThrow(
      failure('NAME_INVALID', /must not/),
    )
    expect(await readdir(folder.path)).toEqual([])
  })
})

describe('addUser', () => {
  const NOT_THERE = { commonName: 'Ada Lovelace' }

  it('adds one, who is accepted', async () => {
    using folder = temporaryFolder()
    const { dir, certificates } = await ensureKeySet(inFolder(folder.path))
    const made = await addUser({
      dir,
      user: { ...NOT_THERE, email: 'ada@example.org' },
      days: 7,
      now: () => NOW,
    })
    expect(made.certificate.emails).toEqual(['ada@example.org'])
    const [, clientCa] = certificates
    if (clientCa) verifyIssued(made.certificate, clientCa.certificate, NOW)
    expect((await readdir(dir)).filter(name => name.startsWith('ada')).toSorted()).toEqual(
      USER.map(extension => `ada.${extension}`).toSorted(),
    )
  })

  it('makes an administrator only when told', async () => {
    using folder = temporaryFolder()
    const { dir } = await ensureKeySet(inFolder(folder.path))
    const eve = { commonName: 'Eve', organisation: 'CA Admins' }
    await expect(addUser({ dir, user: eve, now: () => NOW })).rejects.toThrow(
      failure('NAME_INVALID', /--admin/),
    )
    const { certificate } = await addUser({ dir, user: { commonName: 'Eve' }, isAdmin: true, now: () => NOW })
    expect(soleAttribute(certificate.subject, 'O')).toBe('CA admins')
  })

  it('refuses a name that is there, keys that are not, and a wrong passphrase', async () => {
    using folder = temporaryFolder()
    const { dir } = await ensureKeySet(inFolder(folder.path))
    const user = { commonName: 'grace  HOPPER' }
    for (const same of [user, { commonName: 'Grace H0pper' }]) {
      await expect(addUser({ dir, user: same, now: () => NOW })).rejects.toThrow(
        failure('USER_EXISTS', /grace\.crt/),
      )
    }
    const nowhere = join(folder.path, 'nowhere')
    await expect(addUser({ dir: nowhere, user, now: () => NOW })).rejects.toThrow(
      failure('KEYS_MISSING', /make generate-keys/),
    )
    await writeFile(join(dir, 'private/client-ca.passphrase'), 'wrong')
    const before = await snapshot(dir)
    await expect(addUser({ dir, user: NOT_THERE, now: () => NOW })).rejects.toThrow(
      failure('PASSPHRASE_WRONG', /client-ca\.passphrase/),
    )
    expect(await snapshot(dir)).toEqual(before)
  })

  it('gives one name to one of two runs at the same time', async () => {
    using folder = temporaryFolder()
    const { dir } = await ensureKeySet(inFolder(folder.path))
    const runs = await Promise.allSettled([1, 2].map(() => addUser({ dir, user: NOT_THERE, now: () => NOW })))
    const lost = runs.filter(({ status }) => status === 'rejected')
    expect(lost).toMatchObject([
      { reason: { code: expect.stringMatching(/^(?:KEYS_BUSY|USER_EXISTS|KEYS_INCOMPLETE)$/) } },
    ])
    expect((await ensureKeySet(inFolder(folder.path))).outcome).toBe('unchanged')
  })
})
