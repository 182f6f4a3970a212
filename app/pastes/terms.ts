import type { Caller } from '../authority/caller.ts'
import { AppError } from '../errors.ts'
import { isAtLeast, LEVELS, type Level } from '../identity/levels.ts'
import type { PasteRow } from '../store/store.ts'

const DAY_SECONDS = 86_400
const MEBIBYTE = 1_048_576

export interface PasteWish {
  /** A number of seconds; left out or empty, the most that the level allows. */
  readonly expiresIn: string | undefined
  readonly isPrivate: boolean
  readonly isBurning: boolean
}

export type Terms = Pick<PasteRow, 'isPrivate' | 'isBurning' | 'createdAt' | 'expiresAt'>

/** Octets of a paste, at most. */
export function largestPaste(level: Level): number {
  return LEVELS[level].pastes.mebibytes * MEBIBYTE
}

export function pasteTooLarge(level: Level): AppError {
  const { mebibytes } = LEVELS[level].pastes
  const more = isAtLeast(level, 'untrusted')
    ? ''
    : ` With a client certificate, even a self-signed one, it may have ${LEVELS.untrusted.pastes.mebibytes} MiB.`
  return new AppError(
    'PASTE_TOO_LARGE',
    `At level ${level} a paste must not have more than ${mebibytes} MiB (${largestPaste(level)} octets).${more}`,
  )
}

/**
 * What a caller wants, if his level allows it.
 * @throws AppError EXPIRY_INVALID, OWNER_MISSING
 */
export function termsOf({ identity: { level } }: Caller, wish: PasteWish, now: Date): Terms {
  const { isPrivate, isBurning, expiresIn } = wish
  if (isPrivate && !isAtLeast(level, 'untrusted')) {
    throw new AppError(
      'OWNER_MISSING',
      'A private paste is for its owner, and nobody owns what was made without a certificate. Come with a client certificate (a self-signed one is enough), or leave "private" out.',
    )
  }
  const createdAt = now.getTime()
  return { isPrivate, isBurning, createdAt, expiresAt: createdAt + secondsOf(level, expiresIn) * 1000 }
}

function secondsOf(level: Level, text: string | undefined): number {
  const { days } = LEVELS[level].pastes
  const most = days * DAY_SECONDS
  if (text === undefined || text === '') return most
  if (/^[1-9]\d{0,8}$/.test(text) && Number(text) <= most) return Number(text)
  throw new AppError(
    'EXPIRY_INVALID',
    `expires_in must not be ${JSON.stringify(text.slice(0, 40))}. It must be a number of seconds from 1 to ${most}, the ${days === 1 ? 'day' : `${days} days`} that a paste may live at level ${level}; left out, it is that.`,
  )
}
