import { PkiError } from './errors.ts'
import { quote } from './inert-text.ts'

/** CRLReason of RFC 5280 section 5.3.1, without `removeFromCRL`, which is for delta CRLs. */
export const REVOCATION_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const

export type RevocationReason = keyof typeof REVOCATION_REASONS

const SPELLINGS = new Map(
  Object.keys(REVOCATION_REASONS).map(name => [name.toLowerCase(), name as RevocationReason]),
)

/**
 * Case and separators do not count: `key_compromise` is `keyCompromise`.
 * @throws PkiError REASON_UNKNOWN
 */
export function parseRevocationReason(text: string): RevocationReason {
  const reason = SPELLINGS.get(text.toLowerCase().replaceAll(/[\s_-]/g, ''))
  if (reason) return reason
  throw new PkiError(
    'REASON_UNKNOWN',
    `The reason must not be ${quote(text)}. It must be one of ${Object.keys(REVOCATION_REASONS).join(', ')}; left out, it is unspecified.`,
  )
}
