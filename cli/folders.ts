import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

export type Environment = Readonly<Record<string, string | undefined>>

/** Where things are kept, by the XDG Base Directory Specification 0.8. */
export interface Folders {
  /** `config.json`. */
  readonly config: string
  /** Keys and certificates that this command made. */
  readonly keys: string
  /** What can be lost without losing access: the last audit heads, requests under way. */
  readonly state: string
}

/** The specification: "All paths must be absolute"; a relative one is as good as none. */
function base(env: Environment, name: string, fallback: string): string {
  const path = env[name] ?? ''
  return isAbsolute(path) ? path : join(env.HOME || homedir(), fallback)
}

export function foldersOf(env: Environment): Folders {
  const config = join(base(env, 'XDG_CONFIG_HOME', '.config'), 'gatehouse')
  const state = join(base(env, 'XDG_STATE_HOME', '.local/state'), 'gatehouse')
  return { config, keys: join(config, 'keys'), state }
}
