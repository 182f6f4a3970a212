import type { PkiErrorCode } from '../../pki/errors.ts'
import type { Verify } from './identity.ts'

/** Why a caller is not believed: stable, for audit events. */
export type FailureCode =
  | PkiErrorCode
  | 'CERT_REFUSED_BY_PROXY'
  | 'CERT_REVOKED'
  | 'HEADERS_CONTRADICTORY'
  | 'HEADER_MALFORMED'
  | 'HEADER_REPEATED'
  | 'PROXY_SECRET_MISSING'
  | 'PROXY_SECRET_WRONG'

export interface Failure {
  readonly code: FailureCode
  /** A sentence for the operator; nothing in it was written by the caller. */
  readonly reason: string
}

/** What a front (a proxy, or our own TLS server) says of the caller, before anything in it is verified. */
export type Offer =
  | { readonly kind: 'none' }
  | { readonly kind: 'certificate'; readonly der: Uint8Array; readonly finding: Finding }
  | { readonly kind: 'refused'; readonly failure: Failure; readonly verify: Verify }

/** What the proxy found when it verified the certificate; `unchecked` in direct mode, where only we do. */
export type Finding = 'validated' | 'unchecked' | `FAILED:${string}`

/** `via`, `requestId` and `address` (the client's network address) are `null` when there is none to believe. */
export interface Reading {
  readonly offer: Offer
  readonly via: string | null
  readonly requestId: string | null
  readonly address: string | null
}
