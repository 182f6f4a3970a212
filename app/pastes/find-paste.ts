import type { Caller } from '../authority/caller.ts'
import { AppError } from '../errors.ts'
import { isAtLeast } from '../identity/levels.ts'
import type { PasteQuery, PasteRow } from '../store/store.ts'
import { isOwnedBy, ownerOf } from './owner.ts'
import type { PastebinContext } from './pastebin-context.ts'

const ID = /^[0-9a-f]{32}$/

/** A paste as somebody sees it. */
export interface SeenPaste {
  readonly row: PasteRow
  readonly isOwn: boolean
}

/** One that can be read. */
export interface ReadablePaste extends SeenPaste {
  readonly row: PasteRow & { readonly sha256: string }
}

export interface PasteListQuery extends Pick<PasteQuery, 'after' | 'limit'> {
  /** Everybody's, and not the caller's own. */
  readonly isAll: boolean
}

/** @throws AppError PASTE_UNKNOWN (also for what the caller may not see), PASTE_EXPIRED, PASTE_BURNT */
export async function findPaste(
  context: PastebinContext,
  caller: Caller,
  id: string,
): Promise<ReadablePaste> {
  const { row, isOwn } = await lookUpPaste(context, caller, id)
  const { expiresAt, burntAt, sha256 } = row
  if (expiresAt <= context.now().getTime()) {
    throw new AppError('PASTE_EXPIRED', `This paste expired at ${new Date(expiresAt).toISOString()}.`)
  }
  if (sha256 === null) throw burntAt === null ? pasteUnknown() : pasteBurnt(burntAt)
  return { row: { ...row, sha256 }, isOwn }
}

/** Whatever has become of it. What is private is not there for others but administrators, who may delete it. */
export async function lookUpPaste(
  { store }: PastebinContext,
  caller: Caller,
  id: string,
): Promise<SeenPaste> {
  const row = ID.test(id) ? await store.pastes.find(id) : undefined
  const isOwn = row !== undefined && isOwnedBy(row, await ownerOf(store, caller))
  if (row && (isOwn || !row.isPrivate || isAtLeast(caller.identity.level, 'admin'))) return { row, isOwn }
  throw pasteUnknown()
}

export async function listPastes(
  { store, now }: PastebinContext,
  caller: Caller,
  { isAll, ...query }: PasteListQuery,
): Promise<readonly SeenPaste[]> {
  const owner = await ownerOf(store, caller)
  if (owner === null && !isAll) return []
  const whose = isAll || owner === null ? {} : { owner }
  const rows = await store.pastes.list({ ...query, ...whose, now: now().getTime() })
  return rows.map(row => ({ row, isOwn: isOwnedBy(row, owner) }))
}

export function pasteUnknown(): AppError {
  return new AppError(
    'PASTE_UNKNOWN',
    'There is no paste with this identifier that you may see. Check it; it has 32 hexadecimal digits.',
  )
}

export function pasteBurnt(at: number): AppError {
  return new AppError(
    'PASTE_BURNT',
    `This paste was for one reader, and was read at ${new Date(at).toISOString()}. If that was not you, tell whoever sent it.`,
  )
}
