import { PkiError } from '../pki/errors.ts'

/** How the command ends: what a script switches on. The help of the command lists them. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  refused: 3,
  notFound: 4,
  conflict: 5,
  unavailable: 6,
} as const
export type Ending = keyof typeof EXIT

/** Every expected failure that is noticed here; those of the server come with codes of their own. */
const CLI_ERRORS = {
  ANSWER_UNEXPECTED: 'failure',
  AUDIT_BROKEN: 'failure',
  AUDIT_REWRITTEN: 'failure',
  CANCELLED: 'failure',
  CERT_EXPIRED: 'refused',
  CERT_ISSUER_UNKNOWN: 'refused',
  CERT_MISSING: 'refused',
  CERT_REFUSED: 'refused',
  CERT_REVOKED: 'refused',
  CERT_SIGNATURE_INVALID: 'refused',
  CERT_UNSUITABLE: 'refused',
  CHALLENGE_EXPIRED: 'failure',
  CHALLENGE_TOO_HARD: 'failure',
  CONFIG_INVALID: 'failure',
  FILE_EXISTS: 'failure',
  FILE_UNREADABLE: 'failure',
  IDENTITY_MISSING: 'usage',
  KEYS_MISMATCHED: 'failure',
  PASSPHRASE_MISSING: 'usage',
  PASSPHRASE_WRONG: 'failure',
  REDIRECTED: 'failure',
  REQUEST_CHANGED: 'conflict',
  REQUEST_REJECTED: 'refused',
  REQUEST_UNDECIDED: 'conflict',
  REQUEST_UNKNOWN: 'notFound',
  SERVER_AWAY: 'unavailable',
  SERVER_UNTRUSTED: 'unavailable',
  UPLOAD_CUT: 'failure',
  USAGE: 'usage',
} as const satisfies Record<string, Ending>
export type CliErrorCode = keyof typeof CLI_ERRORS

/** An expected failure: the message is one sentence about what happened, and one about what to do next. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: string
  readonly ending: Ending

  constructor(code: CliErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.ending = CLI_ERRORS[code]
  }
}

/** @param why completes "The answer is not one that this command understands: " */
export function unexpectedAnswer(why: string, cause?: unknown): CliError {
  return new CliError(
    'ANSWER_UNEXPECTED',
    `The answer is not one that this command understands: ${why}. Is it a Gatehouse server, of the same version? See: gatehouse config show.`,
    { cause },
  )
}

/** What the server answered instead of doing it: its own code and sentence. */
export class ServerError extends Error {
  override readonly name = 'ServerError'
  readonly code: string
  readonly status: number

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }

  get ending(): Ending {
    return ENDINGS[this.status] ?? 'failure'
  }
}

// 502 and 504 are what a proxy answers when nothing is behind it.
const ENDINGS: Readonly<Record<number, Ending>> = {
  401: 'refused',
  403: 'refused',
  404: 'notFound',
  409: 'conflict',
  410: 'notFound',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
}

/** @returns `undefined` for a defect of ours, which wants its stack shown */
export function describeFailure(
  error: unknown,
): { readonly code: string; readonly message: string; readonly ending: Ending } | undefined {
  if (error instanceof CliError || error instanceof ServerError) return error
  if (error instanceof PkiError) {
    return { code: error.code, message: error.message, ending: error.isUsage ? 'usage' : 'failure' }
  }
  const { code, syscall, message } = Object(error) as NodeJS.ErrnoException
  if (typeof code !== 'string' || syscall === undefined) return undefined
  return { code, message: `The system says: ${message}.`, ending: 'failure' }
}
