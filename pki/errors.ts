/**
 * Every expected failure of the authority, written once: people read the message, code switches on the code.
 * `usage` marks the mistakes of whoever typed the input; the scripts end with exit code 2 for those and 1 for the rest.
 */
const PKI_ERRORS = {
  CERT_EXPIRED: 'failure',
  CERT_ISSUER_UNKNOWN: 'failure',
  CERT_MALFORMED: 'failure',
  CERT_NOT_YET_VALID: 'failure',
  CERT_SIGNATURE_INVALID: 'failure',
  CERT_UNSUITABLE: 'failure',
  CSR_MALFORMED: 'usage',
  CSR_PROOF_INVALID: 'usage',
  DAYS_INVALID: 'usage',
  EMAIL_INVALID: 'usage',
  GATE_KEY_IN_USE: 'failure',
  GATE_KEY_UNPREPARED: 'usage',
  HOST_INVALID: 'usage',
  KEY_MALFORMED: 'failure',
  KEY_TYPE_UNSUPPORTED: 'usage',
  KEY_WEAK: 'usage',
  KEYS_BUSY: 'failure',
  KEYS_INCOMPLETE: 'failure',
  KEYS_MISMATCHED: 'failure',
  KEYS_MISSING: 'failure',
  NAME_INVALID: 'usage',
  OCSP_ISSUER_UNKNOWN: 'usage',
  OCSP_MALFORMED: 'usage',
  PASSPHRASE_EMPTY: 'usage',
  PASSPHRASE_WRONG: 'failure',
  PKCS12_PROFILE_UNKNOWN: 'usage',
  REASON_UNKNOWN: 'usage',
  USER_EXISTS: 'failure',
} as const satisfies Record<string, 'usage' | 'failure'>

export type PkiErrorCode = keyof typeof PKI_ERRORS

/** An expected failure with a stable `code`; the message says what was got, what is taken and what to do next. */
export class PkiError extends Error {
  override readonly name = 'PkiError'
  readonly code: PkiErrorCode

  constructor(code: PkiErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  get isUsage(): boolean {
    return PKI_ERRORS[this.code] === 'usage'
  }
}
