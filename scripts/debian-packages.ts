import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { debianMirror } from './apt-sources.ts'
import { demandSuccess, quietly } from './quietly.ts'

export interface System {
  /** `debian`, `ubuntu`, or what /etc/os-release says. */
  id: string
  /** Debian's or Ubuntu's release name, such as `bookworm`; empty where there is none. */
  codename: string
  root: boolean
}

// Our own choice: longer than one package takes to install.
const LOCK_SECONDS = 120

/** Debian releases whose own archive lacks what only trixie has (Compose v2, buildx, zlint). */
const BEFORE_TRIXIE = new Set(['buster', 'bullseye', 'bookworm'])

export async function currentSystem(file = '/etc/os-release'): Promise<System> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const field = (name: string) => text.match(new RegExp(`^${name}="?([^"\n]*)`, 'm'))?.[1] ?? ''
  return { id: field('ID'), codename: field('VERSION_CODENAME'), root: process.getuid?.() === 0 }
}

/** Whether a script may install packages here: it needs apt and root. */
export function canInstall(system: System): boolean {
  return system.root && (system.id === 'debian' || system.id === 'ubuntu')
}

/** @throws ScriptError PACKAGES_FAILED, with the end of what apt-get said */
export async function installPackages(names: readonly string[]): Promise<void> {
  await aptGet(['update'])
  await aptGet(['install', '-y', '--no-install-recommends', ...names])
}

/**
 * Installs packages of Debian trixie, also on an older release: the lists live in a temporary folder,
 * so that nothing else of the machine is upgraded from there. Only for packages that need little but libc.
 * @throws ScriptError PACKAGES_FAILED
 */
export async function installFromTrixie(names: readonly string[], system: System): Promise<void> {
  if (system.id === 'debian' && !BEFORE_TRIXIE.has(system.codename)) return installPackages(names)
  if (system.id === 'ubuntu') await installPackages(['debian-archive-keyring'])
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-trixie-'))
  try {
    const options = await trixieLists(folder)
    await aptGet(['update', ...options])
    await aptGet(['download', ...options, ...names], folder)
    const files = (await readdir(folder)).filter(name => name.endsWith('.deb'))
    await aptGet(['install', '-y', '--no-install-recommends', ...files.map(name => join(folder, name))])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function aptGet(words: readonly string[], cwd = '/'): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // Another package manager may be at work: wait for it rather than fail.
  const patience = `DPkg::Lock::Timeout=${LOCK_SECONDS}`
  const output = await quietly({ cwd, env })`apt-get -q -o ${patience} ${words}`
  demandSuccess(output, 'PACKAGES_FAILED', `apt-get ${words.join(' ')}`)
}

/** Package lists of trixie alone, under `folder`; the answer is the options that make apt-get use them. */
async function trixieLists(folder: string): Promise<string[]> {
  const { main } = await debianMirror()
  const list = join(folder, 'trixie.list')
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
  await writeFile(list, `deb [signed-by=${keyring}] ${main} trixie main\n`)
  await mkdir(join(folder, 'lists', 'partial'), { recursive: true })
  const settings = {
    'Dir::Etc::SourceList': list,
    'Dir::Etc::SourceParts': '-',
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::Cache': join(folder, 'cache'),
    // The temporary folder is root's alone, so apt's own sandbox user could not write there.
    'APT::Sandbox::User': 'root',
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
}
