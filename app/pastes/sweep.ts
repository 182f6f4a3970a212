import { ITSELF } from '../authority/caller.ts'
import { decide } from '../authority/decide.ts'
import type { PasteRow } from '../store/store.ts'
import { discard } from './discard.ts'
import type { PastebinContext } from './pastebin-context.ts'

const PAGE = 500
// Our own choice: for so long an address says that the paste has expired or was read, and not that there never was one.
const REMEMBERED_MS = 30 * 86_400_000

/** Takes their contents from the pastes that have expired, and forgets those that have long done so. */
export async function expirePastes(context: PastebinContext): Promise<void> {
  const now = context.now().getTime()
  let expired: readonly PasteRow[]
  do {
    expired = await expireSome(context, now)
    for (const { sha256 } of expired) await discard(context, sha256)
  } while (expired.length === PAGE)
  await context.store.pastes.forget(now - REMEMBERED_MS)
}

/** One event for all of them: the trail has each since it was made, with the time of its end. */
async function expireSome(context: PastebinContext, now: number): Promise<readonly PasteRow[]> {
  return await decide(context, ITSELF, async (within, audit) => {
    const expired = await within.pastes.expire(now, PAGE)
    const octets = expired.reduce((sum, { size }) => sum + size, 0)
    if (expired.length > 0) await audit('PASTE_EXPIRED', { count: expired.length, octets })
    return expired
  })
}

/** Removes what a crash has left, contents that no paste has, and says which pastes have lost theirs. */
export async function tidyContents(context: PastebinContext): Promise<void> {
  const { store, folder, now } = context
  await folder.removeUnfinished(now())
  for await (const contents of folder.contents()) {
    const named = await store.pastes.named(contents)
    for (const sha256 of contents) if (!named.has(sha256)) await discard(context, sha256)
  }
  await reportLost(context)
}

async function reportLost({ store, folder, onTrouble }: PastebinContext): Promise<void> {
  let after = ''
  for (;;) {
    const contents = await store.pastes.contents({ after, limit: PAGE })
    for (const sha256 of contents) {
      if (await folder.has(sha256)) continue
      // Unless it was removed together with its paste since.
      const named = await store.pastes.named([sha256])
      if (named.size > 0) onTrouble('a paste has lost its content', { sha256 })
    }
    after = contents.at(-1) ?? ''
    if (contents.length < PAGE) return
  }
}
