import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename } from 'node:path'

export const UNFINISHED = /^[0-9a-f]{32}\.(\d+)@(.+)\.new$/
// Our own choice: longer than anybody may take to send one.
const DEAD_AFTER_MS = 60 * 60_000

/** For a content that is being written. It says who writes it, so that others can tell whether anybody still does. */
export function unfinishedName(): string {
  return `${randomBytes(16).toString('hex')}.${process.pid}@${hostname()}.new`
}

/**
 * Whether nobody writes it any more, if it is not this process. On this machine that can be seen; elsewhere its writer is
 * dead when nothing was written for long.
 */
export async function isAbandoned(path: string, now: Date): Promise<boolean> {
  const [, pid, host] = UNFINISHED.exec(basename(path)) ?? []
  if (host === hostname()) return Number(pid) === process.pid || !isAlive(Number(pid))
  const file = await stat(path).catch(nothingThere)
  return file !== undefined && now.getTime() - file.mtimeMs > DEAD_AFTER_MS
}

export function nothingThere(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
