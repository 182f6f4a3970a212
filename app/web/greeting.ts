import type { Identity } from '../identity/identity.ts'
import { isAtLeast } from '../identity/levels.ts'
import { inertText } from '../inert.ts'

/** A trusted certificate with two names is somebody, but nobody can say who: its serial number is shown then. */
function displayName(identity: Identity): string {
  return identity.name === null ? `certificate ${identity.serial}` : inertText(identity.name)
}

export function greeting(identity: Identity): string {
  return `Hello ${isAtLeast(identity.level, 'trusted') ? displayName(identity) : 'Unauthorized'}!`
}
