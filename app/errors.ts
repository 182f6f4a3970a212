import { REFUSALS } from './identity/refusal.ts'

/** Every expected failure of the application, written once: code -> HTTP status and title. */
const ERRORS = {
  ...REFUSALS,
  BODY_TOO_LARGE: { status: 413, title: 'Body too large' },
  CERT_REQUIRED: { status: 403, title: 'Client certificate required' },
  CONFIG_INVALID: { status: 500, title: 'Configuration invalid' },
  INTERNAL: { status: 500, title: 'Something went wrong here' },
  LISTEN_FAILED: { status: 500, title: 'Cannot listen' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'Method not allowed' },
  MISDIRECTED: { status: 421, title: 'Misdirected request' },
  NOT_FOUND: { status: 404, title: 'Not found' },
  REQUEST_INVALID: { status: 400, title: 'Bad request' },
} as const satisfies Record<string, { status: number; title: string }>

export type ErrorCode = keyof typeof ERRORS

/** An expected failure with a stable `code`; the message may be shown to the caller. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  get status(): number {
    return ERRORS[this.code].status
  }

  get title(): string {
    return ERRORS[this.code].title
  }
}
