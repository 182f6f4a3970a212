import { isIP } from 'node:net'
import { z } from 'zod'
import { ENROLMENT_SETTINGS } from './config-enrolment.ts'
import { oneOf, text } from './config-forms.ts'
import { GATE_SETTINGS } from './config-gate.ts'
import { PASTE_SETTINGS } from './config-pastes.ts'

export const FRONTS = ['proxy', 'direct'] as const
export type Front = (typeof FRONTS)[number]

const PORT = /^(0|[1-9]\d{0,4})$/
const HOST = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i

const COMMON = {
  GATEHOUSE_CLIENT_CA_FILE: text(
    'GATEHOUSE_CLIENT_CA_FILE',
    'the PEM file of the client CA, such as keys/client-ca.pem',
  ),
  GATEHOUSE_CLIENT_CERT: oneOf('GATEHOUSE_CLIENT_CERT', ['optional', 'require'], 'optional').optional(),
  GATEHOUSE_LISTEN_HOST: text(
    'GATEHOUSE_LISTEN_HOST',
    'an address or host name of this machine',
    value => isIP(value) !== 0 || HOST.test(value),
    '127.0.0.1 for direct, all interfaces for proxy',
  ).optional(),
  GATEHOUSE_PORT: text(
    'GATEHOUSE_PORT',
    'a number from 0 (any free port) to 65535',
    value => PORT.test(value) && Number(value) <= 65535,
    '8440 for direct, 8080 for proxy',
  ).optional(),
  ...ENROLMENT_SETTINGS,
  ...GATE_SETTINGS,
  ...PASTE_SETTINGS,
  GATEHOUSE_LOG_LEVEL: oneOf('GATEHOUSE_LOG_LEVEL', ['debug', 'info', 'warn', 'error'], 'info').optional(),
}

/** Which of the two is given is looked at when they are read: exactly one must be. */
const PROXY = {
  GATEHOUSE_PROXY_SECRET: z.string().optional(),
  GATEHOUSE_PROXY_SECRET_FILE: text(
    'GATEHOUSE_PROXY_SECRET_FILE',
    'a file such as keys/private/proxy-secret',
  ).optional(),
}

const DIRECT = {
  GATEHOUSE_TLS_CERT_FILE: text(
    'GATEHOUSE_TLS_CERT_FILE',
    'the server certificate in PEM form, such as keys/server.crt',
  ),
  GATEHOUSE_TLS_KEY_FILE: text(
    'GATEHOUSE_TLS_KEY_FILE',
    'the private key in PEM form, such as keys/server.key',
  ),
}

const FRONT = oneOf('GATEHOUSE_FRONT', FRONTS)
const SCHEMAS = {
  proxy: z.strictObject({ GATEHOUSE_FRONT: FRONT, ...COMMON, ...PROXY }),
  direct: z.strictObject({ GATEHOUSE_FRONT: FRONT, ...COMMON, ...DIRECT }),
  // The front itself is wrong: what can be said of the other settings is said all the same.
  unknown: z.strictObject({
    GATEHOUSE_FRONT: FRONT,
    ...COMMON,
    ...PROXY,
    ...z.object(DIRECT).partial().shape,
  }),
}
const NAMES: ReadonlySet<string> = new Set(Object.keys(SCHEMAS.unknown.shape))

export type Environment = Readonly<Record<string, string | undefined>>
export type Settings = z.infer<(typeof SCHEMAS)['proxy']>

function misplaced(name: string): string {
  if (NAMES.has(name))
    return `${name} is for GATEHOUSE_FRONT=${name in PROXY ? 'proxy' : 'direct'} only; leave it out.`
  return `${name} is no setting. The settings are ${[...NAMES].join(', ')}.`
}

/**
 * The form of each `GATEHOUSE_*` variable; unknown ones are refused, because a misspelt one would otherwise leave
 * its default in force. Every problem is added to `problems` as a sentence.
 */
export function parseSettings(env: Environment, problems: string[]): Settings | undefined {
  const given = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => name.startsWith('GATEHOUSE_') && value !== undefined),
  )
  const front = FRONT.safeParse(given.GATEHOUSE_FRONT)
  const result = SCHEMAS[front.success ? front.data : 'unknown'].safeParse(given)
  if (result.success) return result.data
  for (const issue of result.error.issues) {
    if (issue.code === 'unrecognized_keys') problems.push(...issue.keys.map(misplaced))
    else problems.push(issue.message)
  }
  return undefined
}
