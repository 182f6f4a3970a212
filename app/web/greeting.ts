import { inertName } from '../../pki/inert-text.ts'
import type { Identity } from '../identity/identity.ts'
import { isAtLeast } from '../identity/levels.ts'

/** A trusted certificate with two names is somebody, but nobody can say who: its serial number is shown then. */
function displayName(identity: Identity): string {
  return identity.name === null ? `certificate ${identity.serial}` : inertName(identity.name)
}

export function greeting(identity: Identity): string {
  return `Hello ${isAtLeast(identity.level, 'trusted') ? displayName(identity) : 'Unauthorized'}!`
}
