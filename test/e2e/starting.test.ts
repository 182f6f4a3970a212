// What cannot work does not start, and says why in one sentence.
import { createPrivateKey } from 'node:crypto'
import { appendFileSync, chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { containerOwner } from '../../scripts/compose-env.ts'
import { quietly } from '../../scripts/quietly.ts'
import { changedFiles } from '../support/changed-files.ts'
import { copiedKeys } from '../support/copied-keys.ts'
import { proxies } from '../support/fronts.ts'
import type { ImageName } from '../support/images.ts'

const { uid, gid } = containerOwner()
const hardened = [`--user=${uid}:${gid}`, '--read-only', '--cap-drop=ALL', '--network=none']

interface Start {
  readonly keys: string
  readonly env: readonly string[]
  readonly tmpfs?: readonly string[]
  /** Below `keys`, and what it is called inside. */
  readonly files: readonly (readonly [source: string, target: string])[]
}

/** Runs the image until it ends; one that starts after all is stopped, and its exit code is not the expected one. */
async function start(name: ImageName, { keys, env, files, tmpfs = ['/tmp'] }: Start) {
  const mounts = files.map(([source, target]) => `--volume=${join(keys, source)}:/run/secrets/${target}:ro`)
  const changed = name === 'app' ? [] : changedFiles()
  mounts.push(...changed.map(({ source, target }) => `--volume=${source}:${target}:ro`))
  const settings = env.map(setting => `--env=${setting}`)
  // The names of the back end are looked up at start, and there is none here.
  const places = tmpfs.map(place => `--tmpfs=${place}`)
  const options = [
    ...hardened,
    ...places,
    ...settings,
    ...mounts,
    '--add-host=app:127.0.0.1',
    '--add-host=intranet:127.0.0.1',
    '--rm',
  ]
  const run = quietly`timeout --signal=KILL 20 docker run ${options} ${inject('images')[name]}`
  const { exitCode, stdout, stderr } = await run
  return { exitCode, said: stdout + stderr }
}

const PROXY_FILES = [
  ['server.crt', 'server.crt'],
  ['server.key', 'server.key'],
  ['client-ca.pem', 'client-ca.pem'],
  ['private/proxy-secret', 'proxy-secret'],
  ['gate-a.pem', 'gate-a.pem'],
  ['gate-b.pem', 'gate-b.pem'],
] as const

interface Fault {
  readonly fault: string
  readonly env?: readonly string[]
  readonly tmpfs?: readonly string[]
  readonly without?: string
  damage?(keys: string): void
  readonly says: RegExp
}

/** In the same words for each proxy. */
const FAULTS: readonly Fault[] = [
  {
    fault: 'an unknown mode',
    env: ['CLIENT_CERT=required'],
    says: /^gatehouse: CLIENT_CERT must not be "required"\. It must be one of optional, require; left out, it is "optional"\.$/,
  },
  {
    fault: 'an unknown way to learn of revocations',
    env: ['REVOCATION=off'],
    says: /^gatehouse: REVOCATION must not be "off"\. It must be one of list, none; left out, it is "list"\.$/,
  },
  {
    fault: 'an unknown kind of gate',
    env: ['GATE=none'],
    says: /^gatehouse: GATE must not be "none"\. It must be one of on, off; left out, it is "on"\.$/,
  },
  {
    fault: 'no public key of the gate',
    without: 'gate-b.pem',
    says: /^gatehouse: \/run\/secrets\/gate-b\.pem is missing or empty\. Make the keys with "make generate-keys" and mount them there\.$/,
  },
  {
    fault: 'a key of the gate that is another kind of key',
    damage: keys => copyFileSync(join(keys, 'root.pem'), join(keys, 'gate-a.pem')),
    says: /^gatehouse: \/run\/secrets\/gate-a\.pem holds something else than a P-256 public key in PEM form\. Make it again with "make generate-keys", or set GATE=off\.$/,
  },
  {
    fault: 'nowhere to keep what is revoked',
    tmpfs: ['/tmp', '/var/lib/gatehouse:ro'],
    says: /^gatehouse: \/var\/lib\/gatehouse cannot be written by uid \d+\. Mount a volume there that is its own, or set REVOCATION=none and GATE=off\.$/,
  },
  {
    fault: 'nowhere to write',
    tmpfs: [],
    says: /: cannot create \/tmp\/environment\.conf: Read-only file system$/,
  },
  {
    fault: 'no server key',
    without: 'server.key',
    says: /^gatehouse: \/run\/secrets\/server\.key is missing or empty\. Make the keys with "make generate-keys" and mount them there\.$/,
  },
  {
    fault: 'an empty client CA',
    damage: keys => writeFileSync(join(keys, 'client-ca.pem'), ''),
    says: /^gatehouse: \/run\/secrets\/client-ca\.pem is missing or empty\./,
  },
  {
    fault: 'a server key that the container may not read',
    damage: keys => chmodSync(join(keys, 'server.key'), 0),
    says: /^gatehouse: \/run\/secrets\/server\.key cannot be read by uid \d+\. GATEHOUSE_UID must be the owner of the key files\.$/,
  },
  {
    fault: 'a proxy secret that is too short',
    damage: keys => writeSecret(keys, 'a'.repeat(21)),
    says: /^gatehouse: \/run\/secrets\/proxy-secret is shorter than 22 characters \(128 bit\)\./,
  },
  {
    fault: 'a proxy secret that would end a line of configuration',
    damage: keys => writeSecret(keys, `${'a'.repeat(30)}"; return 200`),
    says: /^gatehouse: \/run\/secrets\/proxy-secret holds characters other than/,
  },
  {
    fault: 'a server certificate that is none',
    damage: keys => writeFileSync(join(keys, 'server.crt'), 'no certificate\n'),
    says: /^gatehouse: \/run\/secrets\/server\.crt holds no certificate in PEM form\.$/,
  },
  {
    fault: 'a server key that is none',
    damage: keys => writeFileSync(join(keys, 'server.key'), 'no key\n'),
    says: /^gatehouse: \/run\/secrets\/server\.key holds no unencrypted private key in PEM form\.$/,
  },
  {
    fault: 'a server key that needs a passphrase',
    damage: encryptServerKey,
    says: /^gatehouse: \/run\/secrets\/server\.key holds no unencrypted private key in PEM form\.$/,
  },
  {
    fault: 'a server key of another certificate',
    damage: keys => copyFileSync(join(keys, 'grace.crt'), join(keys, 'server.crt')),
    says: /^gatehouse: \/run\/secrets\/server\.key is not the key of server\.crt\. Both must come from one run of "make generate-keys"\.$/,
  },
  {
    fault: 'a client CA that is none',
    damage: keys => writeFileSync(join(keys, 'client-ca.pem'), 'no certificate\n'),
    says: /^gatehouse: \/run\/secrets\/client-ca\.pem holds something else than certificates in PEM form\.$/,
  },
  {
    fault: 'a second client CA that is cut off',
    damage: keys => appendFileSync(join(keys, 'client-ca.pem'), CUT_OFF),
    says: /^gatehouse: \/run\/secrets\/client-ca\.pem holds something else than certificates in PEM form\.$/,
  },
]

const CUT_OFF = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'

/** Owner and mode stay as they are. */
function encryptServerKey(keys: string): void {
  const file = join(keys, 'server.key')
  const key = createPrivateKey(readFileSync(file))
  const wish = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' } as const
  writeFileSync(file, key.export(wish))
}

function writeSecret(keys: string, secret: string): void {
  writeFileSync(join(keys, 'private/proxy-secret'), secret)
}

describe.each(proxies)('$name', ({ name }) => {
  const run = async ({ env = [], tmpfs, without, damage }: Fault) => {
    using keys = copiedKeys()
    damage?.(keys.path)
    const files = PROXY_FILES.filter(([, target]) => target !== without)
    return await start(name, { keys: keys.path, env, files, ...(tmpfs && { tmpfs }) })
  }

  it.each(FAULTS)('does not start with $fault', async fault => {
    const { exitCode, said } = await run(fault)
    expect(said.trim()).toMatch(fault.says)
    expect(said.trim().split('\n')).toHaveLength(1)
    expect(exitCode).toBe(2)
  })
})

describe('app', () => {
  it('does not start with wrong settings, and names all of them at once', async () => {
    const { exitCode, said } = await start('app', {
      keys: inject('keys'),
      env: [
        'GATEHOUSE_FRONT=proxy',
        'GATEHOUSE_CLIENT_CA_FILE=/run/secrets/client-ca.pem',
        'GATEHOUSE_PROXY_SECRET=short',
        'GATEHOUSE_PORT=http',
      ],
      files: [],
    })
    expect(said).toMatch(/^GATEHOUSE_PORT must not be "http"\./m)
    expect(said).toMatch(/^GATEHOUSE_CLIENT_CA_FILE: cannot read \/run\/secrets\/client-ca\.pem/m)
    expect(said).toMatch(/^GATEHOUSE_PROXY_SECRET: line 1 has 5 characters\./m)
    expect(said.trim().split('\n')).toHaveLength(3)
    expect(exitCode).toBe(2)
  })
})
