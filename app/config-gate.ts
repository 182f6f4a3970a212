import { z } from 'zod'
import { type GateKeys, LONGEST_GATE_SESSION_HOURS, parseGateKeys } from '../pki/gate-keys.ts'
import { readSecret, readSetting } from './config-files.ts'
import { oneOf, text, wholeNumber } from './config-forms.ts'
import type { Environment } from './config-settings.ts'
import { GATE_MEANS, type GateMeans } from './gate-means.ts'

// Our own choices, each with its reason in docs/gate.md.
const DEFAULT_SETUP = 'certificate,invitation'
const DEFAULT_TOKEN_MINUTES = 10
const DEFAULT_SESSION_HOURS = 8
const DEFAULT_IDLE_MINUTES = 60

/** What the gate needs; all of it can be left out. */
export const GATE_SETTINGS = {
  GATEHOUSE_GATE_KEYS_FILE: text(
    'GATEHOUSE_GATE_KEYS_FILE',
    'the keys that sign tokens, such as keys/private/gate-keys.json',
    undefined,
    'unset, and there is no gate',
  ).optional(),
  GATEHOUSE_GATE_SECRET: z.string().optional(),
  GATEHOUSE_GATE_SECRET_FILE: z.string().optional(),
  GATEHOUSE_GATE_SETUP: text(
    'GATEHOUSE_GATE_SETUP',
    `one or more of ${GATE_MEANS.join(', ')}, with commas between`,
    value => listOf(value).every(isMeans),
    JSON.stringify(DEFAULT_SETUP),
  ).optional(),
  GATEHOUSE_GATE_TOKEN_MINUTES: wholeNumber(
    'GATEHOUSE_GATE_TOKEN_MINUTES',
    'how many minutes a token of the gate is good for',
    [1, 60],
    DEFAULT_TOKEN_MINUTES,
  ),
  GATEHOUSE_GATE_IDLE_MINUTES: wholeNumber(
    'GATEHOUSE_GATE_IDLE_MINUTES',
    'how many minutes after the end of its token a session can be renewed',
    [0, 60 * LONGEST_GATE_SESSION_HOURS],
    DEFAULT_IDLE_MINUTES,
  ),
  GATEHOUSE_GATE_SESSION_HOURS: wholeNumber(
    'GATEHOUSE_GATE_SESSION_HOURS',
    'how many hours after the login a session ends',
    [1, LONGEST_GATE_SESSION_HOURS],
    DEFAULT_SESSION_HOURS,
  ),
  GATEHOUSE_ADMIN_TOTP: oneOf('GATEHOUSE_ADMIN_TOTP', ['off', 'required'], 'off').optional(),
}

type Settings = z.infer<z.ZodObject<typeof GATE_SETTINGS>>

export interface GateRules {
  /** Who may set up. */
  readonly setup: readonly GateMeans[]
  readonly tokenMs: number
  readonly sessionMs: number
  /** For how long after the end of a token its session can be renewed. */
  readonly idleMs: number
  /** Whether administration needs a code besides the certificate. */
  readonly isForAdministrators: boolean
}

export interface GateConfig {
  readonly keys: GateKeys
  /** What seals is made of it. */
  readonly secret: string
  readonly rules: GateRules
}

// 256 bit in hexadecimal, as "make generate-keys" makes it, or longer.
const SECRET = /^[0-9a-f]{64,}$/i

/** `undefined`: there is no gate. */
export function readGate(env: Environment, settings: Settings, problems: string[]): GateConfig | undefined {
  const before = problems.length
  const text = readSetting(env, 'GATEHOUSE_GATE_KEYS_FILE', problems)
  const keys = text === undefined ? undefined : parseKeys(text, env, problems)
  const secret = readSecret(env, 'GATEHOUSE_GATE_SECRET', problems)
  if (problems.length > before) return undefined
  const rules = gateRulesOf(settings)
  problems.push(...contradictions(settings, { keys, secret, rules }))
  return keys && secret !== undefined ? Object.freeze({ keys, secret, rules }) : undefined
}

function parseKeys(text: string, env: Environment, problems: string[]): GateKeys | undefined {
  try {
    return parseGateKeys(text)
  } catch (error) {
    const { message } = error as Error
    problems.push(`GATEHOUSE_GATE_KEYS_FILE: ${env.GATEHOUSE_GATE_KEYS_FILE} is not usable. ${message}`)
    return undefined
  }
}

interface Found {
  readonly keys: GateKeys | undefined
  readonly secret: string | undefined
  readonly rules: GateRules
}

function contradictions(settings: Settings, { keys, secret, rules }: Found): readonly string[] {
  if ((keys === undefined) !== (secret === undefined)) {
    return [
      'GATEHOUSE_GATE_KEYS_FILE and GATEHOUSE_GATE_SECRET_FILE belong together: set both, or neither, and there is no gate.',
    ]
  }
  if (secret !== undefined && !SECRET.test(secret)) {
    return [
      `GATEHOUSE_GATE_SECRET has ${secret.length} characters. It must be 64 or more hexadecimal ones ("make generate-keys" makes it).`,
    ]
  }
  if (!rules.isForAdministrators) return []
  if (!keys)
    return ['GATEHOUSE_ADMIN_TOTP=required needs GATEHOUSE_GATE_KEYS_FILE and GATEHOUSE_GATE_SECRET_FILE.']
  if (rules.setup.includes('certificate')) return []
  return [
    `GATEHOUSE_ADMIN_TOTP=required needs certificate in GATEHOUSE_GATE_SETUP, which is ${JSON.stringify(settings.GATEHOUSE_GATE_SETUP)}: no administrator could set up the codes that he then needs.`,
  ]
}

export function gateRulesOf(settings: Settings): GateRules {
  return Object.freeze({
    setup: Object.freeze(listOf(settings.GATEHOUSE_GATE_SETUP ?? DEFAULT_SETUP).filter(isMeans)),
    tokenMs: (settings.GATEHOUSE_GATE_TOKEN_MINUTES ?? DEFAULT_TOKEN_MINUTES) * 60_000,
    sessionMs: (settings.GATEHOUSE_GATE_SESSION_HOURS ?? DEFAULT_SESSION_HOURS) * 3_600_000,
    idleMs: (settings.GATEHOUSE_GATE_IDLE_MINUTES ?? DEFAULT_IDLE_MINUTES) * 60_000,
    isForAdministrators: settings.GATEHOUSE_ADMIN_TOTP === 'required',
  })
}

function listOf(value: string): readonly string[] {
  return value.split(',').map(item => item.trim())
}

function isMeans(value: string): value is GateMeans {
  return (GATE_MEANS as readonly string[]).includes(value)
}
