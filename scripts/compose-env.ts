import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'

/**
 * The uid and gid of every container when root runs the scripts, and so the owner of the key files they read.
 * Our own choice: above 999, Debian's system users, and unlikely to be a person's.
 */
export const CONTAINER_UID = 10001

/**
 * Who the containers run as, which is also who must own the secrets they read.
 * An ordinary user cannot give files away, so the containers then run as that user.
 */
export function containerOwner(): { uid: number; gid: number } {
  const uid = process.getuid?.() ?? 0
  const gid = process.getgid?.() ?? 0
  return uid === 0 ? { uid: CONTAINER_UID, gid: CONTAINER_UID } : { uid, gid }
}

/**
 * Merges `KEY=VALUE` lines into the file that Docker Compose reads; lines of other keys, comments and
 * order stay. Written beside and renamed, so that a reader never meets half a file.
 * Not for secrets: Compose shows these values in `docker compose config`.
 * @throws RangeError for a name that is no environment name, or a value that would need quoting
 */
export async function setComposeEnv(
  values: Readonly<Record<string, string | number>>,
  file = '.env',
): Promise<void> {
  const text = mergeLines(await readOrEmpty(file), values)
  const beside = `${file}.${randomUUID()}`
  try {
    await writeFile(beside, text, { mode: 0o644, flag: 'wx' })
    await rename(beside, file)
  } finally {
    await rm(beside, { force: true })
  }
}

function mergeLines(text: string, values: Readonly<Record<string, string | number>>): string {
  const missing = new Map(Object.entries(values).map(([name, value]) => [name, line(name, value)]))
  const kept = text.split('\n').map(existing => {
    const name = existing.match(/^\s*(?:export\s+)?(\w+)\s*=/)?.[1] ?? ''
    const replacement = missing.get(name)
    missing.delete(name)
    return replacement ?? existing
  })
  while (kept.at(-1) === '') kept.pop()
  return `${[...kept, ...missing.values()].join('\n')}\n`
}

function line(name: string, value: string | number): string {
  if (!/^[A-Z_][A-Z0-9_]*$/.test(name) || !/^[\w./:@,+-]*$/.test(String(value)))
    throw new RangeError(
      `Cannot write ${name}=${value} to the Compose environment: names take A-Z, 0-9 and _, values letters, digits and ./:@,+-_`,
    )
  return `${name}=${value}`
}

async function readOrEmpty(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
