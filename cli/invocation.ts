import { resolve } from 'node:path'
import { rootCertificates } from 'node:tls'
import { type Config, type IdentityFiles, readConfig } from './config-file.ts'
import { CliError } from './errors.ts'
import { type Environment, type Folders, foldersOf } from './folders.ts'
import { type Client, createClient } from './http-client.ts'
import { readCredentials } from './identity-files.ts'
import type { Output, Screen } from './output.ts'
import { exists, readNamed } from './private-files.ts'
import { type Keyboard, readPassphrase } from './read-passphrase.ts'
import { parseServerUrl } from './server-url.ts'

/** The options that every command takes. */
export interface GlobalOptions {
  readonly server?: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly p12?: string
  readonly passphraseFile?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

/** What a command is given: who called it, where and how. */
export interface Invocation {
  readonly options: GlobalOptions
  readonly folders: Folders
  readonly output: Output
  readonly stdin: Keyboard
  /** Of the checkout that the command runs from: its root is trusted if it is there. */
  readonly checkoutCa: string
  readonly now: () => Date
}

export interface Surroundings {
  readonly env: Environment
  readonly stdin: Keyboard
  readonly stdout: Screen
  readonly stderr: Screen
  readonly checkoutCa: string
  readonly now: () => Date
}

export function createInvocation(surroundings: Surroundings, options: GlobalOptions): Invocation {
  const { env, stdin, stdout, stderr, checkoutCa, now } = surroundings
  const output = { isJson: options.json === true, isQuiet: options.quiet === true, stdout, stderr }
  return { options, folders: foldersOf(env), output, stdin, checkoutCa, now }
}

// What `make start` listens on.
const DEFAULT_SERVER = 'https://localhost:8440/'

/** @throws CliError USAGE when half of a pair is missing, or both kinds are there */
export function identityFromOptions(options: GlobalOptions): IdentityFiles | undefined {
  const { cert, key, p12, passphraseFile } = options
  if (p12 !== undefined && (cert ?? key) !== undefined) {
    throw new CliError('USAGE', 'Say either --p12, or --cert and --key.')
  }
  if ((cert === undefined) !== (key === undefined))
    throw new CliError('USAGE', '--cert and --key go together.')
  if (p12 !== undefined) {
    const isFile = passphraseFile !== undefined && passphraseFile !== '-'
    return { p12: resolve(p12), ...(isFile ? { passphrase_file: resolve(passphraseFile) } : {}) }
  }
  return cert !== undefined && key !== undefined ? { cert: resolve(cert), key: resolve(key) } : undefined
}

/** How to get at the passphrase of an identity, if it has one. */
export function passphraseOf(invocation: Invocation, identity: IdentityFiles): () => Promise<string> {
  const { options, stdin, output } = invocation
  const kept = 'p12' in identity ? identity.passphrase_file : undefined
  const of = 'p12' in identity ? identity.p12 : identity.key
  return () => readPassphrase({ stdin, stderr: output.stderr, file: options.passphraseFile ?? kept, of })
}

/** A root that was named is the only one; that of a checkout is one more beside those of the system. */
async function authorities({ options, checkoutCa }: Invocation, config: Config): Promise<readonly string[]> {
  const named = options.ca ?? config.ca
  if (named !== undefined) return [(await readNamed(named, 'the root certificate')).toString()]
  if (!(await exists(checkoutCa))) return rootCertificates
  return [...rootCertificates, (await readNamed(checkoutCa, 'the root certificate')).toString()]
}

export interface ConnectOptions {
  /** Present only a certificate that the command line names: one that has expired must not stop its replacement. */
  readonly isAnonymous?: boolean
}

/** The identity that is in force: of the command line, or else of the configuration. */
export async function chosenIdentity({ options, folders }: Invocation): Promise<IdentityFiles | undefined> {
  return identityFromOptions(options) ?? (await readConfig(folders)).identity
}

export async function connect(
  invocation: Invocation,
  { isAnonymous = false }: ConnectOptions = {},
): Promise<Client> {
  const config = await readConfig(invocation.folders)
  const identity = identityFromOptions(invocation.options) ?? (isAnonymous ? undefined : config.identity)
  const credentials = identity && (await readCredentials(identity, passphraseOf(invocation, identity)))
  return createClient({
    server: parseServerUrl(invocation.options.server ?? config.server ?? DEFAULT_SERVER),
    ca: await authorities(invocation, config),
    credentials,
  })
}
