/** What somebody who was refused can do next; with which address and in which words is for the application to say. */
export type NextStep = 'present' | 'present-another' | 'enrol' | 'renew' | 'wait' | 'ask'

export interface Reason {
  readonly status: 401 | 403
  readonly title: string
  /** In `Identity.verify`: the same on all fronts, because the words are ours and not a TLS library's. */
  readonly verify?: string
  readonly next: readonly NextStep[]
}

/** Why a caller does not get what he asks for, by stable code. What is said of a certificate is about that one only. */
export const REASONS = {
  CERT_MISSING: { status: 401, title: 'Client certificate required', next: ['present', 'enrol'] },
  CERT_EXPIRED: {
    status: 403,
    title: 'Client certificate expired',
    verify: 'certificate has expired',
    next: ['renew', 'ask'],
  },
  CERT_NOT_YET_VALID: {
    status: 403,
    title: 'Client certificate not valid yet',
    verify: 'certificate is not yet valid',
    next: ['wait', 'ask'],
  },
  CERT_REVOKED: {
    status: 403,
    title: 'Client certificate revoked',
    verify: 'certificate revoked',
    next: ['present-another', 'ask'],
  },
  CERT_ISSUER_UNKNOWN: {
    status: 403,
    title: 'Client certificate of another authority',
    verify: 'unknown issuer',
    next: ['present-another', 'enrol'],
  },
  CERT_SIGNATURE_INVALID: {
    status: 403,
    title: 'Client certificate with an invalid signature',
    verify: 'invalid signature',
    next: ['present-another', 'enrol'],
  },
  CERT_UNSUITABLE: {
    status: 403,
    title: 'Client certificate not suitable',
    verify: 'unsuitable certificate',
    next: ['present-another', 'enrol'],
  },
  CERT_MALFORMED: {
    status: 403,
    title: 'Client certificate not readable',
    verify: 'malformed certificate',
    next: ['present-another', 'enrol'],
  },
  /** By the proxy, or because it contradicts itself: what is wrong is between it and the application. */
  CERT_REFUSED: { status: 403, title: 'Client certificate not accepted', next: ['present-another', 'ask'] },
  LEVEL_TOO_LOW: { status: 403, title: 'Not allowed', next: ['present-another', 'ask'] },
  ORGANISATION_WRONG: { status: 403, title: 'Not allowed', next: ['present-another', 'ask'] },
} as const satisfies Record<string, Reason>

export type ReasonCode = keyof typeof REASONS

const BY_CODE: ReadonlyMap<string, Reason> = new Map(Object.entries(REASONS))

export function reasonOf(code: string): Reason | undefined {
  return BY_CODE.get(code)
}

export function isReason(code: string): code is ReasonCode {
  return BY_CODE.has(code)
}
