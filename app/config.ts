import { enrolmentOf } from './config-enrolment.ts'
import {
  readClientCa,
  readClientCaKey,
  readProxySecrets,
  readSecret,
  readServerKey,
  type SealedKey,
  type ServerKey,
} from './config-files.ts'
import { type GateConfig, readGate } from './config-gate.ts'
import { pastesOf } from './config-pastes.ts'
import { type Environment, parseSettings, type Settings } from './config-settings.ts'
import { AppError } from './errors.ts'

export type Config = {
  /** `undefined`: all interfaces. */
  readonly host: string | undefined
  /** 0: any free one. */
  readonly port: number
  /** PEM. */
  readonly clientCa: string
  readonly clientCert: 'optional' | 'require'
  /** `undefined`: nothing is signed here. */
  readonly clientCaKey: SealedKey | undefined
  /** Where the store is, if not where it usually is. */
  readonly databaseUrl: string | undefined
  readonly enrolment: ReturnType<typeof enrolmentOf>
  /** `undefined`: there is none. */
  readonly gate: GateConfig | undefined
  readonly pastes: ReturnType<typeof pastesOf>
  /** `undefined`: no mail. */
  readonly smtpUrl: string | undefined
  readonly mailFrom: string | undefined
  /** Under which people know the site. */
  readonly publicUrl: string | undefined
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
} & (
  | { readonly front: 'proxy'; readonly proxySecrets: readonly string[] }
  | { readonly front: 'direct'; readonly tls: ServerKey }
)

/**
 * The environment (`GATEHOUSE_*`) and the files that it names -> configuration, frozen.
 * @throws AppError CONFIG_INVALID whose message has one line for each problem: all of them, not the first
 */
export function loadConfig(env: Environment): Config {
  const problems: string[] = []
  const settings = parseSettings(env, problems)
  const clientCa = readClientCa(env, problems)
  const secrets = {
    clientCaKey: readClientCaKey(env, problems),
    databaseUrl: readSecret(env, 'GATEHOUSE_DATABASE_URL', problems),
    smtpUrl: readSecret(env, 'GATEHOUSE_SMTP_URL', problems),
  }
  const gate = readGate(env, settings ?? {}, problems)
  const front = readFront(env, problems)
  if (problems.length > 0 || !settings || clientCa === undefined || !front) {
    throw new AppError('CONFIG_INVALID', problems.join('\n'))
  }
  const pastes = pastesOf(settings, secrets.databaseUrl)
  return Object.freeze({ ...common(settings), ...secrets, pastes, clientCa, gate, ...front })
}

function readFront(env: Environment, problems: string[]) {
  if (env.GATEHOUSE_FRONT === 'proxy') {
    return { front: 'proxy', proxySecrets: Object.freeze(readProxySecrets(env, problems)) } as const
  }
  const tls = env.GATEHOUSE_FRONT === 'direct' ? readServerKey(env, problems) : undefined
  return tls && ({ front: 'direct', tls: Object.freeze(tls) } as const)
}

function common(settings: Settings) {
  const isDirect = settings.GATEHOUSE_FRONT === 'direct'
  return {
    // Without a proxy before it, the application is for this machine alone until somebody says otherwise.
    host: settings.GATEHOUSE_LISTEN_HOST ?? (isDirect ? '127.0.0.1' : undefined),
    port: Number(settings.GATEHOUSE_PORT ?? (isDirect ? 8440 : 8080)),
    clientCert: settings.GATEHOUSE_CLIENT_CERT ?? 'optional',
    logLevel: settings.GATEHOUSE_LOG_LEVEL ?? 'info',
    enrolment: enrolmentOf(settings),
    mailFrom: settings.GATEHOUSE_MAIL_FROM,
    publicUrl: settings.GATEHOUSE_PUBLIC_URL,
  }
}
