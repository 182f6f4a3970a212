import type { Identified } from './identify.ts'
import type { Level } from './levels.ts'
import type { FailureCode } from './offer.ts'

/**
 * `AUTH_SUCCESS`: a certificate was verified anew, which is once for each certificate while the process remembers it;
 * which requests it then made is in the access log. `AUTH_FAILURE`: on every request with proof that is not good.
 */
export interface AuditEvent {
  readonly event: 'AUTH_SUCCESS' | 'AUTH_FAILURE'
  readonly level: Level
  readonly name: string | null
  readonly organisation: string | null
  /** With a failure only. */
  readonly code: FailureCode | null
  readonly reason: string | null
  readonly serial: string | null
  readonly fingerprint256: string | null
  readonly requestId: string
  readonly via: string | null
  readonly address: string | null
}

/** `undefined` when there is nothing to record: nobody tried anything, or it is on record already. */
export function auditEvent(
  identified: Identified & Pick<AuditEvent, 'requestId' | 'address'>,
): AuditEvent | undefined {
  const { identity, presented, failure, isNew, requestId, address } = identified
  if (!failure && !isNew) return undefined
  return {
    event: failure ? 'AUTH_FAILURE' : 'AUTH_SUCCESS',
    level: identity.level,
    name: identity.name,
    organisation: identity.organisation,
    code: failure?.code ?? null,
    reason: failure?.reason ?? null,
    serial: presented?.serial ?? null,
    fingerprint256: presented?.fingerprint256 ?? null,
    requestId,
    via: identity.via,
    address,
  }
}
