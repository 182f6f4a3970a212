import { join, resolve } from 'node:path'
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { parseKeyType } from '../pki/key-type.ts'
import { parsePkcs12Profile } from '../pki/pkcs12-profile.ts'
import { PROFILES, parseDays } from '../pki/profiles.ts'
import { parseRevocationReason } from '../pki/revocation-reason.ts'
import { ScriptError } from './script-error.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** A mistake in an option. */
class UsageError extends ScriptError {
  readonly isUsage = true

  constructor(message: string) {
    super('OPTION_INVALID', message)
  }
}

/** Where every command looks for keys, whatever folder it is called from. */
export const KEYS_DIR = join(import.meta.dirname, '..', 'keys')

const SWITCHES: Readonly<Record<string, boolean>> = {
  '': false,
  '0': false,
  '1': true,
  false: false,
  true: true,
}

function readSwitch(env: Environment, name: string): boolean {
  const value = SWITCHES[env[name] ?? '']
  if (value !== undefined) return value
  throw new UsageError(`${name} must not be "${env[name]}". It must be 0 or 1; left out, it is 0.`)
}

/** Both spellings of an option: the flag wins; an empty variable, as `make USERS=` passes it, is left out. */
function choose(flag: string | undefined, variable: string | undefined): string | undefined {
  return flag ?? (variable === '' ? undefined : variable)
}

function list(text: string | undefined): readonly string[] | undefined {
  return text?.split(',').map(item => item.trim())
}

/** Drops what is `undefined`, so that the default of the library applies. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never
}

function keysDir(flag: string | undefined): string {
  if (flag === '') throw new UsageError('--keys needs the name of a folder.')
  return flag === undefined ? KEYS_DIR : resolve(flag)
}

const SHARED = {
  'key-type': { type: 'string' },
  days: { type: 'string' },
  pkcs12: { type: 'string' },
  keys: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig

interface SharedFlags {
  readonly 'key-type'?: string | undefined
  readonly days?: string | undefined
  readonly pkcs12?: string | undefined
  readonly keys?: string | undefined
  readonly json?: boolean | undefined
}

function sharedOptions(flags: SharedFlags, env: Environment) {
  const keyType = choose(flags['key-type'], env.KEY_TYPE)
  const days = choose(flags.days, env.DAYS)
  const pkcs12 = choose(flags.pkcs12, env.PKCS12)
  return {
    isJson: flags.json ?? readSwitch(env, 'JSON'),
    request: {
      dir: keysDir(flags.keys),
      ...given({
        keyType: keyType === undefined ? undefined : parseKeyType(keyType),
        days: days === undefined ? undefined : parseDays(days, PROFILES.client),
        pkcs12Profile: pkcs12 === undefined ? undefined : parsePkcs12Profile(pkcs12),
      }),
    },
  }
}

/**
 * The options of generate-keys, each as a flag or, as make passes them, from the environment.
 * @returns `undefined` when help was asked for
 * @throws PkiError or UsageError for a value that is not taken, Node's ERR_PARSE_ARGS_* for an unknown option
 */
export function parseGenerateOptions(args: readonly string[], env: Environment) {
  const { values } = parseArgs({
    args: [...args],
    options: { ...SHARED, users: { type: 'string' }, hosts: { type: 'string' }, force: { type: 'boolean' } },
  })
  if (values.help) return undefined
  const { isJson, request } = sharedOptions(values, env)
  const users = list(choose(values.users, env.USERS))?.map(commonName => ({ commonName }))
  const hosts = list(choose(values.hosts, env.HOSTS))
  const force = values.force ?? readSwitch(env, 'FORCE')
  return { isJson, request: { ...request, force, ...given({ users, hosts }) } }
}

/**
 * The options of add-user: the name is the one argument, or NAME in the environment.
 * @returns `undefined` when help was asked for
 * @throws as `parseGenerateOptions`
 */
export function parseAddUserOptions(args: readonly string[], env: Environment) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...SHARED,
      organisation: { type: 'string' },
      email: { type: 'string' },
      admin: { type: 'boolean' },
    },
  })
  if (values.help) return undefined
  const [commonName = choose(undefined, env.NAME), ...others] = positionals
  if (commonName === undefined || others.length > 0) {
    throw new UsageError(
      `One name is needed, in quotes, and ${positionals.length} were given: npm run -s add-user -- "Ada Lovelace"`,
    )
  }
  const { organisation, email, admin: isAdmin = false } = values
  if (isAdmin && organisation !== undefined) {
    throw new UsageError('--admin sets the organisation: leave --organisation out.')
  }
  const { isJson, request } = sharedOptions(values, env)
  return { isJson, request: { ...request, isAdmin, user: { commonName, ...given({ organisation, email }) } } }
}

/**
 * The options of revoke: the user is the one argument. Not USER of the environment, which is whoever is logged in.
 * @returns `undefined` when help was asked for
 * @throws as `parseGenerateOptions`
 */
export function parseRevokeOptions(args: readonly string[], env: Environment) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      reason: { type: 'string' },
      keys: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return undefined
  const [user, ...others] = positionals.filter(name => name !== '')
  if (user === undefined || others.length > 0) {
    throw new UsageError(
      `One user is needed, in quotes, and ${user === undefined ? 0 : others.length + 1} were given: make revoke USER="Grace Hopper"`,
    )
  }
  const reason = parseRevocationReason(choose(values.reason, env.REASON) ?? 'unspecified')
  return { user, reason, dir: keysDir(values.keys), isJson: values.json ?? readSwitch(env, 'JSON') }
}
