import { chalk } from 'zx'
import type { Sight } from './revoke-everywhere.ts'
import { ScriptError } from './script-error.ts'

/** Whose certificate it is. */
export interface Subject {
  readonly name: string
  readonly file: string
  readonly serial: string
  readonly isNew: boolean
}

/** For people: a sentence, and a line for each front. */
export function describeRevocation(
  { name, file, serial, isNew }: Subject,
  sights: readonly Sight[],
): readonly string[] {
  const isRevoked = isNew ? 'is revoked' : 'was revoked before'
  return [
    chalk.bold(`The certificate of ${name} (${file}, ${serial}) ${isRevoked}.`),
    ...sights.map(describeSight),
  ]
}

function describeSight({ front: { name, port }, state, refusedAfterMs, answer }: Sight): string {
  const says = {
    'not running': 'does not run',
    'not asked': `is not asked: ${answer}`,
    'refused before': 'refuses it',
    refused: `refused after ${refusedAfterMs} ms`,
    'not refused': `STILL DOES NOT REFUSE IT: ${answer}`,
  }
  return `${name} ${port} ${says[state]}`
}

export function sightJson({ front: { name, port, url }, state, refusedAfterMs, answer }: Sight) {
  return { name, port, url, state, refusedAfterMs, ...(answer !== undefined && { answer }) }
}

/** @throws ScriptError NOT_REFUSED */
export function assertRefused(sights: readonly Sight[]): void {
  const open = sights
    .filter(({ state }) => state === 'not refused')
    .map(({ front: { name, port } }) => `${name} ${port}`)
  if (open.length === 0) return
  throw new ScriptError(
    'NOT_REFUSED',
    `After five seconds the certificate is not refused at ${open.join(', ')}. Look at what that front logs about its revocation list, and stop it if it cannot be repaired at once.`,
  )
}
