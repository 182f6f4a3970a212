import { AppError } from '../errors.ts'
import { isAtLeast, type Level } from '../identity/levels.ts'
import type { PasteFigures, Pastes } from '../store/store.ts'

// A block of most file systems: a million pastes of one octet are not a megabyte.
const BLOCK = 4096
// Our own choice: whom nobody vouches for can have as many certificates and addresses as they like, and must not be
// able to fill the place of the others.
const SHARE_OF_STRANGERS = 0.5

export function isStranger(level: Level): boolean {
  return !isAtLeast(level, 'trusted')
}

function takenBy({ count, octets }: PasteFigures): number {
  return octets + count * BLOCK
}

/** What pastes may take together, and which there are. */
export interface Room {
  readonly pastes: Pastes
  readonly total: number
}

/** Octets that a new paste of such a caller may have at most. */
export async function roomFor(level: Level, { pastes, total }: Room): Promise<number> {
  const { all, strangers } = await pastes.figures()
  const left = total - takenBy(all)
  const ofLevel = isStranger(level) ? total * SHARE_OF_STRANGERS - takenBy(strangers) : left
  return Math.min(left, ofLevel) - BLOCK
}

export function noRoom(): AppError {
  return new AppError(
    'STORAGE_FULL',
    'There is no room for this paste: too many are kept already. Delete some of yours, or wait until others have expired.',
  )
}
