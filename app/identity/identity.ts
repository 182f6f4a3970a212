import type { Level } from './levels.ts'

/** `NONE` without a certificate, `SUCCESS` for a trusted one, otherwise why it is not trusted. */
export type Verify = 'SUCCESS' | 'NONE' | `FAILED:${string}`

/**
 * Who is calling, frozen. Somebody is identified by `fingerprint256`; a name is what the client CA says of that
 * certificate, so it is `null` below `trusted`: whoever signs his own certificate can write any name into it.
 */
export interface Identity {
  readonly level: Level
  /** Common name, as encoded: it may hold control characters. `null` also when there are two. */
  readonly name: string | null
  readonly organisation: string | null
  /** The `rfc822Name` of the subject alternative name, if there is exactly one. */
  readonly email: string | null
  /** Upper-case hex, two digits to the octet. */
  readonly serial: string | null
  /** SHA-256 of the DER certificate, upper-case hex without colons. */
  readonly fingerprint256: string | null
  /** ISO 8601, UTC. */
  readonly notAfter: string | null
  readonly verify: Verify
  /** `direct`, the proxy's name from its `Via` header, or `null` when no proxy has proved itself. */
  readonly via: string | null
}

export function anonymous(verify: Verify, via: string | null): Identity {
  return Object.freeze({
    level: 'anonymous',
    name: null,
    organisation: null,
    email: null,
    serial: null,
    fingerprint256: null,
    notAfter: null,
    verify,
    via,
  })
}
