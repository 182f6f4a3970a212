import type { PastebinContext } from './pastebin-context.ts'

/**
 * Removes a content if no paste has it any more. In a transaction of its own, of which there is one at a time: whoever
 * adds a paste with the same content has done so before, and is seen, or puts the content there afterwards.
 */
export async function discard(
  { store, folder, onTrouble }: Pick<PastebinContext, 'store' | 'folder' | 'onTrouble'>,
  sha256: string | null,
): Promise<void> {
  if (sha256 === null) return
  try {
    await store.transaction(async ({ pastes }) => {
      const named = await pastes.named([sha256])
      if (named.size === 0) await folder.remove(sha256)
    })
  } catch (err) {
    // The next look for contents without a paste removes it.
    onTrouble('a content was not removed', { sha256, err })
  }
}
