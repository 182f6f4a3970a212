import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { nameKey } from './common-name.ts'
import { PkiError } from './errors.ts'
import { type Host, parseHost } from './host-name.ts'
import { ADMINISTRATOR, type KeySetUser, parseUser, type ValidUser } from './issue-user.ts'
import type { Owner } from './key-files.ts'
import { DEFAULT_KEY_TYPE, type KeyType } from './key-type.ts'
import type { KeySetPlan } from './make-key-set.ts'
import { DEFAULT_PKCS12_PROFILE, type Pkcs12Profile } from './pkcs12-profile.ts'
import { PROFILES, parseDays } from './profiles.ts'

export interface KeySetOptions {
  /** The folder to make, or to look at. */
  readonly dir: string
  /** Besides the administrator, who is always made. Left out: `DEFAULT_USERS` in a new set, nobody else in an old one. */
  readonly users?: readonly KeySetUser[]
  readonly keyType?: KeyType
  /** Validity of the users' certificates. */
  readonly days?: number
  /** DNS names and IP addresses, besides `DEFAULT_HOSTS`, that the server is reached by. */
  readonly hosts?: readonly string[]
  readonly pkcs12Profile?: Pkcs12Profile
  /** Replace what is there; it is kept beside, under another name. */
  readonly force?: boolean
  /** Who owns what containers read; only root can give files away. */
  readonly owner?: Owner
  readonly onProgress?: (progress: KeySetProgress) => void
  readonly now: () => Date
}

/** One thing is finished: `done` of `total`. */
export interface KeySetProgress {
  readonly what: string
  readonly done: number
  readonly total: number
}

export const DEFAULT_USERS: readonly KeySetUser[] = [
  { commonName: 'Grace Hopper' },
  { commonName: 'Cecilia Payne' },
]
export const DEFAULT_HOSTS: readonly string[] = ['localhost', 'gatehouse.localhost', '127.0.0.1', '::1']

/** The options, validated, with nothing left out. */
export interface Wish extends Omit<KeySetPlan, 'users' | 'onStep'> {
  readonly dir: string
  /** Who belongs in a new set. */
  readonly users: readonly ValidUser[]
  /** Who must be in a set that is there: nobody gets a key of whom nobody has asked for one. */
  readonly requiredUsers: readonly ValidUser[]
  /** Those that were asked for. */
  readonly extraHosts: readonly Host[]
  readonly owner: Owner | undefined
  readonly onProgress: (progress: KeySetProgress) => void
}

function parseUsers(users: readonly KeySetUser[]): readonly ValidUser[] {
  const valid = [parseUser(ADMINISTRATOR, true), ...users.map(user => parseUser(user, false))]
  const names = valid.map(user => nameKey(user.commonName))
  const twice = valid.find((_, i) => names.indexOf(names[i] ?? '') !== i)
  if (!twice) return valid
  throw new PkiError(
    'NAME_INVALID',
    `The users must not have the same name twice: "${twice.commonName}". Upper and lower case and look-alike letters are the same, and "Administrator" is always made.`,
  )
}

/** Without repetitions, whatever the spelling of an address. */
function parseHosts(texts: readonly string[]): readonly Host[] {
  const hosts = texts.map(parseHost)
  return [...new Map(hosts.map(host => [host.type === 'dns' ? host.name : `${host.octets}`, host])).values()]
}

/** The real path of a folder, so that a symbolic link to it is not replaced instead of it. */
async function locate(dir: string): Promise<string> {
  return await realpath(dir).catch(() => resolve(dir))
}

/** @throws PkiError NAME_INVALID, EMAIL_INVALID, HOST_INVALID, DAYS_INVALID */
export async function parseKeySetOptions(options: KeySetOptions): Promise<Wish> {
  return {
    dir: await locate(options.dir),
    users: parseUsers(options.users ?? DEFAULT_USERS),
    requiredUsers: parseUsers(options.users ?? []),
    hosts: parseHosts([...DEFAULT_HOSTS, ...(options.hosts ?? [])]),
    extraHosts: parseHosts(options.hosts ?? []),
    keyType: options.keyType ?? DEFAULT_KEY_TYPE,
    days: parseDays(String(options.days ?? PROFILES.client.days.usual), PROFILES.client),
    pkcs12Profile: options.pkcs12Profile ?? DEFAULT_PKCS12_PROFILE,
    owner: options.owner,
    now: options.now(),
    onProgress: options.onProgress ?? (() => {}),
  }
}
