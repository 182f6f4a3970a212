import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { $, type ProcessOutput } from 'zx'
import { debianMirror } from './apt-sources.ts'
import { ScriptError } from './script-error.ts'

export interface System {
  /** `debian`, `ubuntu`, or what /etc/os-release says. */
  id: string
  /** Debian's or Ubuntu's release name, such as `bookworm`; empty where there is none. */
  codename: string
  root: boolean
}

/** Debian releases whose own archive lacks what only trixie has (Compose v2, buildx, zlint). */
const BEFORE_TRIXIE = new Set(['buster', 'bullseye', 'bookworm'])

const apt = $({
  env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  stdio: ['ignore', 'pipe', 'pipe'],
  nothrow: true,
  quiet: true,
})

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
  succeeded('apt-get update', await apt`apt-get update -q`)
  succeeded(
    `apt-get install ${names.join(' ')}`,
    await apt`apt-get install -y -q --no-install-recommends ${names}`,
  )
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
    succeeded('apt-get update (trixie)', await apt`apt-get update -q ${options}`)
    const fetched = await apt({ cwd: folder })`apt-get download -q ${options} ${names}`
    succeeded(`apt-get download ${names.join(' ')}`, fetched)
    const files = (await $`ls ${folder}`).stdout.split('\n').filter(name => name.endsWith('.deb'))
    const paths = files.map(name => join(folder, name))
    succeeded(
      `apt-get install ${names.join(' ')}`,
      await apt`apt-get install -y -q --no-install-recommends ${paths}`,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
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

function succeeded(what: string, output: ProcessOutput): void {
  if (output.exitCode === 0) return
  const tail = `${output.stdout}\n${output.stderr}`.trim().split('\n').slice(-12).join('\n')
  throw new ScriptError('PACKAGES_FAILED', `${what} failed (exit code ${output.exitCode}):\n${tail}`)
}
