import { canInstall, currentSystem, installFromTrixie, installPackages } from './debian-packages.ts'
import { quietly } from './quietly.ts'
import { ScriptError } from './script-error.ts'

/** What the tests judge us by: other people's programs, and the Debian package that brings each. */
const TOOLS: Record<string, string> = {
  openssl: 'openssl',
  curl: 'curl',
  certutil: 'libnss3-tools',
  pk12util: 'libnss3-tools',
  zlint: 'zlint',
  chromium: 'chromium',
}

/** Packages that Debian has from trixie on. */
const FROM_TRIXIE = new Set(['zlint'])

/**
 * Makes the programs that the tests call available, and changes nothing where they are.
 * @throws ScriptError TOOLS_MISSING where only a person may install them, PACKAGES_FAILED
 */
export async function ensureTools({
  say = console.log,
}: {
  say?: (line: string) => void
} = {}): Promise<void> {
  const lacking = await lackingPackages()
  if (lacking.length === 0) return
  const system = await currentSystem()
  if (!canInstall(system))
    throw new ScriptError(
      'TOOLS_MISSING',
      `The tests need ${lacking.join(', ')}. On Debian 13 or newer type: sudo apt-get install ${lacking.join(' ')}
On an older Debian, or Ubuntu, let this script fetch them: sudo make test`,
    )
  say(`Installing what the tests need: ${lacking.join(', ')}.`)
  const ordinary = lacking.filter(name => !FROM_TRIXIE.has(name))
  const newer = lacking.filter(name => FROM_TRIXIE.has(name))
  if (ordinary.length > 0) await installPackages(ordinary)
  if (newer.length > 0) await installFromTrixie(newer, system)
}

async function lackingPackages(): Promise<string[]> {
  const lacking = new Set<string>()
  for (const [command, name] of Object.entries(TOOLS))
    if ((await quietly`command -v ${command}`).exitCode !== 0) lacking.add(name)
  return [...lacking]
}
