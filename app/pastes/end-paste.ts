import type { FileHandle } from 'node:fs/promises'
import type { Caller } from '../authority/caller.ts'
import { decide, recordingRefusals } from '../authority/decide.ts'
import { AppError } from '../errors.ts'
import { isAtLeast } from '../identity/levels.ts'
import { discard } from './discard.ts'
import { lookUpPaste, pasteBurnt, pasteUnknown, type ReadablePaste, type SeenPaste } from './find-paste.ts'
import type { PastebinContext } from './pastebin-context.ts'

/** @throws AppError PASTE_UNKNOWN, PASTE_NOT_YOURS */
export async function removePaste(context: PastebinContext, caller: Caller, id: string): Promise<SeenPaste> {
  const attempt = { action: 'PASTE_DELETE', about: { paste: id } } as const
  return await recordingRefusals(context, caller, attempt, async () => {
    const seen = await lookUpPaste(context, caller, id)
    if (!seen.isOwn && !isAtLeast(caller.identity.level, 'admin')) {
      throw new AppError('PASTE_NOT_YOURS', 'This paste is not yours, so you cannot delete it.')
    }
    const { sha256, size } = seen.row
    await decide(context, caller, async (within, audit) => {
      await audit('PASTE_DELETED', { paste: id, sha256, size })
      if (!(await within.pastes.remove(id))) throw pasteUnknown()
    })
    await discard(context, sha256)
    return seen
  })
}

/**
 * The content for its one reader. Opened before it is anybody's: whoever is first has it then, and nobody can open it
 * afterwards.
 * @throws AppError PASTE_BURNT
 */
export async function burnPaste(
  context: PastebinContext,
  caller: Caller,
  row: ReadablePaste['row'],
): Promise<FileHandle> {
  const file = await context.folder.open(row.sha256)
  try {
    await decide(context, caller, async (within, audit) => {
      const { id: paste, sha256, size } = row
      const at = context.now().getTime()
      await audit('PASTE_BURNT', { paste, sha256, size })
      if (await within.pastes.burn(paste, at)) return
      const now = await within.pastes.find(paste)
      throw now ? pasteBurnt(now.burntAt ?? at) : pasteUnknown()
    })
  } catch (error) {
    await file.close()
    throw error
  }
  await discard(context, row.sha256)
  return file
}
