import { REASONS } from './identity/reasons.ts'

/** Every expected failure of the application, written once: code -> HTTP status and title. */
export const ERRORS = {
  ...REASONS,
  ALREADY_DECIDED: { status: 409, title: 'Decided already' },
  ALREADY_REVOKED: { status: 409, title: 'Revoked already' },
  AUDIT_BROKEN: { status: 500, title: 'Audit trail broken' },
  BACKUP_INVALID: { status: 400, title: 'Backup not usable' },
  BODY_INVALID: { status: 400, title: 'Body not usable' },
  BODY_TOO_LARGE: { status: 413, title: 'Body too large' },
  CA_EXISTS: { status: 409, title: 'The client CA exists' },
  CA_KEY_ABSENT: { status: 503, title: 'Nothing is signed here' },
  CERT_REQUIRED: { status: 403, title: 'Client certificate required' },
  CERT_UNKNOWN: { status: 404, title: 'No such certificate' },
  CHALLENGE_EXPIRED: { status: 400, title: 'Challenge expired' },
  CHALLENGE_INVALID: { status: 400, title: 'Challenge not usable' },
  CHALLENGE_SPENT: { status: 409, title: 'Challenge used before' },
  CONFIG_INVALID: { status: 500, title: 'Configuration invalid' },
  CRL_UNAVAILABLE: { status: 503, title: 'No revocation list yet' },
  CROSS_SITE: { status: 403, title: 'From another site' },
  EXPIRY_INVALID: { status: 400, title: 'Lifetime not possible' },
  FILE_GONE: { status: 410, title: 'Downloaded already' },
  FORM_TOKEN_WRONG: { status: 403, title: 'Open the form again' },
  GATE_CERT_ENDED: { status: 403, title: 'No good certificate any more' },
  GATE_CODE_WRONG: { status: 403, title: 'Wrong code' },
  GATE_DELAYED: { status: 429, title: 'Too many wrong codes' },
  GATE_INVITATION_INVALID: { status: 403, title: 'Invitation not good' },
  GATE_LOGIN_REFUSED: { status: 401, title: 'Not logged in' },
  GATE_LOGIN_REQUIRED: { status: 401, title: 'Log in first' },
  GATE_SETUP_REFUSED: { status: 403, title: 'Set-up refused' },
  GATE_SETUP_UNKNOWN: { status: 404, title: 'No such set-up' },
  GATE_USER_EXISTS: { status: 409, title: 'Set up already' },
  GATE_USER_UNKNOWN: { status: 404, title: 'No such user' },
  INTERNAL: { status: 500, title: 'Something went wrong here' },
  KEY_TAKEN: { status: 409, title: 'Key not acceptable' },
  LISTEN_FAILED: { status: 500, title: 'Cannot listen' },
  MEDIA_TYPE_UNSUPPORTED: { status: 415, title: 'Media type not supported' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'Method not allowed' },
  MISDIRECTED: { status: 421, title: 'Misdirected request' },
  NAME_TAKEN: { status: 409, title: 'Name taken' },
  NOT_FOUND: { status: 404, title: 'Not found' },
  NOT_ON_HOLD: { status: 409, title: 'Not on hold' },
  ORGANISATION_RESERVED: { status: 403, title: 'Organisation reserved' },
  OWNER_MISSING: { status: 403, title: 'Nobody to own it' },
  PASTE_BURNT: { status: 410, title: 'Read already' },
  PASTE_EMPTY: { status: 400, title: 'Nothing to keep' },
  PASTE_EXPIRED: { status: 410, title: 'Expired' },
  PASTE_NOT_YOURS: { status: 403, title: "Somebody else's paste" },
  PASTE_TOO_LARGE: { status: 413, title: 'Paste too large' },
  PASTE_UNKNOWN: { status: 404, title: 'No such paste' },
  PROOF_OF_WORK_WRONG: { status: 400, title: 'Proof of work wrong' },
  QUEUE_FULL: { status: 503, title: 'Too many requests waiting' },
  RANGE_INVALID: { status: 416, title: 'Range not there' },
  RATE_LIMITED: { status: 429, title: 'Too many requests' },
  REQUEST_CHANGED: { status: 409, title: 'Another request than approved' },
  REQUEST_INVALID: { status: 400, title: 'Bad request' },
  REQUEST_REFUSED: { status: 403, title: 'Request refused' },
  REQUEST_UNKNOWN: { status: 404, title: 'No such request' },
  REQUEST_UNDECIDED: { status: 409, title: 'Not decided yet' },
  STORAGE_FULL: { status: 507, title: 'No room' },
  STORE_UNAVAILABLE: { status: 503, title: 'Try again later' },
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
