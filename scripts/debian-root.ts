import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DebianMirror, debianMirror } from './apt-sources.ts'
import { installPackages } from './debian-packages.ts'
import { demandSuccess, quietly } from './quietly.ts'

const inChroot = quietly({
  env: {
    ...process.env,
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    DEBIAN_FRONTEND: 'noninteractive',
    LC_ALL: 'C',
  },
})

/** What the public slim image leaves out as well, and what must not leak from this machine. */
const LEFT_OUT = [
  'usr/share/man',
  'usr/share/info',
  'usr/share/locale',
  'usr/share/groff',
  'usr/share/lintian',
  'var/cache/apt',
  'var/lib/apt/lists',
  'var/log/apt',
  'var/log/bootstrap.log',
  'var/log/dpkg.log',
  'var/log/alternatives.log',
  'etc/resolv.conf',
  'etc/hostname',
]

/** dpkg's and apt's settings of the public slim image: small layers, and no fsync for what a build can repeat. */
const DPKG_SETTINGS = `path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
force-unsafe-io
`
const APT_SETTINGS = `Acquire::Languages "none";
Acquire::GzipIndexes "true";
APT::AutoRemove::SuggestsImportant "false";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb || true"; };
`

/**
 * A minimal Debian trixie with today's security updates and the CAs that this machine trusts, in a
 * folder below `folder`; the answer is its path. Needs root.
 * @throws ScriptError PACKAGES_FAILED
 */
export async function makeDebianRoot({
  folder,
  hostCas,
  say,
}: {
  folder: string
  hostCas: string
  say: (line: string) => void
}): Promise<string> {
  const root = join(folder, 'root')
  const mirror = await debianMirror()
  if ((await quietly`command -v debootstrap`).exitCode !== 0) {
    say('Installing debootstrap.')
    await installPackages(['debootstrap', 'debian-archive-keyring'])
  }
  say(`Making a minimal Debian trixie from ${mirror.main} (about half a minute).`)
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
  await run`debootstrap --variant=minbase --include=ca-certificates --keyring=${keyring} trixie ${root} ${mirror.main}`
  await configure(root, mirror)
  await trustHostCas(root, hostCas)
  await run`chroot ${root} apt-get update -q`
  await run`chroot ${root} apt-get upgrade -y -q --no-install-recommends`
  await leaveOut(root)
  return root
}

async function configure(root: string, mirror: DebianMirror): Promise<void> {
  const signedBy = 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg'
  await rm(join(root, 'etc/apt/sources.list'), { force: true })
  await writeFile(
    join(root, 'etc/apt/sources.list.d/debian.sources'),
    `Types: deb
URIs: ${mirror.main}
Suites: trixie trixie-updates
Components: main
${signedBy}

Types: deb
URIs: ${mirror.security}
Suites: trixie-security
Components: main
${signedBy}
`,
  )
  await writeFile(join(root, 'etc/apt/apt.conf.d/90machine'), await machineSettings())
  await writeFile(join(root, 'etc/apt/apt.conf.d/docker'), APT_SETTINGS)
  await writeFile(join(root, 'etc/dpkg/dpkg.cfg.d/docker'), DPKG_SETTINGS)
  // A service that a package brings must not start while an image is built.
  await writeFile(join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 })
}

/** Settings without which this machine would not reach or not believe its mirror: containers share them. */
async function machineSettings(): Promise<string> {
  const { stdout } = await quietly`apt-config dump`
  const needed = /^Acquire::(Check-Valid-Until|Check-Date|https?::Proxy) /
  return stdout
    .split('\n')
    .filter(line => needed.test(line))
    .map(line => `${line}\n`)
    .join('')
}

async function trustHostCas(root: string, hostCas: string): Promise<void> {
  const own = '/usr/local/share/ca-certificates'
  const names = await readdir(own).catch(() => [])
  await mkdir(join(root, own), { recursive: true })
  if (names.length > 0) await run`cp -r ${own}/. ${root}${own}/`
  await run`chroot ${root} update-ca-certificates`
  // Not every machine keeps its additions in the folder above; the bundle is what it trusts.
  if ((await quietly`test -s ${hostCas}`).exitCode === 0)
    await run`cp ${hostCas} ${root}/etc/ssl/certs/ca-certificates.crt`
}

async function leaveOut(root: string): Promise<void> {
  for (const path of LEFT_OUT) await rm(join(root, path), { recursive: true, force: true })
  await mkdir(join(root, 'var/lib/apt/lists/partial'), { recursive: true })
  await mkdir(join(root, 'var/cache/apt/archives/partial'), { recursive: true })
  await run`find ${root}/usr/share/doc -type f ! -name copyright -delete`
  await run`find ${root}/dev -mindepth 1 -delete`
}

async function run(pieces: TemplateStringsArray, ...values: string[]): Promise<void> {
  demandSuccess(await inChroot(pieces, ...values), 'PACKAGES_FAILED', String.raw({ raw: pieces }, ...values))
}
