import { randomBytes } from 'node:crypto'
import type { Caller } from '../authority/caller.ts'
import { decide } from '../authority/decide.ts'
import type { Received } from './content-folder.ts'
import { discard } from './discard.ts'
import type { ReadablePaste } from './find-paste.ts'
import { ownerOf } from './owner.ts'
import type { PastebinContext } from './pastebin-context.ts'
import { isStranger, noRoom, roomFor } from './room.ts'
import type { Terms } from './terms.ts'

export interface NewPaste {
  readonly terms: Terms
  readonly mediaType: string
  readonly fileName: string | null
}

/**
 * The content gets its name in the transaction that adds the row. Of those that write there is one at a time, so
 * nobody can remove, between the two, the same content of another paste as one that no row names any more.
 * @throws AppError STORAGE_FULL
 */
export async function keepPaste(
  context: PastebinContext,
  caller: Caller,
  received: Received,
  paste: NewPaste,
): Promise<ReadablePaste> {
  const { folder, total } = context
  const row = await rowOf(context, caller, received, paste)
  let isPut = false
  try {
    await decide(context, caller, async (within, audit) => {
      const { id, sha256, size, mediaType, isPrivate, isBurning } = row
      const until = new Date(row.expiresAt).toISOString()
      await audit('PASTE_CREATED', { paste: id, sha256, size, mediaType, isPrivate, isBurning, until })
      const room = await roomFor(caller.identity.level, { pastes: within.pastes, total })
      if (size > room) throw noRoom()
      await within.pastes.add(row)
      isPut = true
      await folder.put(received)
    })
  } catch (error) {
    if (isPut) await discard(context, received.sha256)
    throw error
  }
  return { row, isOwn: row.owner !== null }
}

async function rowOf(
  { store }: PastebinContext,
  caller: Caller,
  { sha256, size }: Received,
  { terms, mediaType, fileName }: NewPaste,
): Promise<ReadablePaste['row']> {
  const { level, name, fingerprint256 } = caller.identity
  return {
    id: randomBytes(16).toString('hex'),
    owner: await ownerOf(store, caller),
    ownerName: name ?? fingerprint256,
    isStrangers: isStranger(level),
    sha256,
    size,
    mediaType,
    fileName,
    burntAt: null,
    ...terms,
  }
}
