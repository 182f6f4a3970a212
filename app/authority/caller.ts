import type { Identification } from '../identity/identification.ts'
import { anonymous, type Identity } from '../identity/identity.ts'

/** Who asks for a decision, and by which request: what the audit trail says of it. */
export interface Caller {
  readonly identity: Pick<Identity, 'level' | 'name' | 'organisation' | 'email' | 'serial' | 'fingerprint256'>
  /** Network address. */
  readonly address: string | null
  readonly requestId: string | null
  readonly via: string | null
}

export function callerOf({ identity, address, requestId }: Identification): Caller {
  return { identity, address, requestId, via: identity.via }
}

/** Gatehouse itself, on a timer or at its start. */
export const ITSELF: Caller = {
  identity: anonymous('NONE', null),
  address: null,
  requestId: null,
  via: null,
}
