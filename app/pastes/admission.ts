import type { Caller } from '../authority/caller.ts'
import { AppError } from '../errors.ts'
import type { Received } from './content-folder.ts'
import type { PastebinContext } from './pastebin-context.ts'
import { noRoom, roomFor } from './room.ts'
import { largestPaste, pasteTooLarge } from './terms.ts'

/**
 * What lets a caller of some level send a content, and then writes it to the disk.
 * @param announced octets of it at least, before it comes
 * @throws AppError PASTE_TOO_LARGE, STORAGE_FULL
 */
export type Admit = (caller: Caller, announced: number) => Promise<Receive>
/** @throws AppError PASTE_TOO_LARGE, STORAGE_FULL, PASTE_EMPTY */
export type Receive = (body: AsyncIterable<Uint8Array>) => Promise<Received>

export function createAdmission({ store, folder, total }: PastebinContext): Admit {
  /** Octets that are being received: they are in no row yet. */
  let coming = 0

  async function* counting(body: AsyncIterable<Uint8Array>, room: number): AsyncGenerator<Uint8Array> {
    let mine = 0
    try {
      for await (const chunk of body) {
        mine += chunk.length
        coming += chunk.length
        if (coming > room) throw noRoom()
        yield chunk
      }
    } finally {
      coming -= mine
    }
  }

  return async function admit({ identity: { level } }, announced) {
    const most = largestPaste(level)
    const tooLarge = () => pasteTooLarge(level)
    if (announced > most) throw tooLarge()
    const room = await roomFor(level, { pastes: store.pastes, total })
    if (coming + announced > room) throw noRoom()
    return async function receive(body) {
      const received = await folder.receive(counting(body, room), most, tooLarge)
      if (received.size > 0) return received
      await received[Symbol.asyncDispose]()
      throw new AppError('PASTE_EMPTY', 'There is nothing to keep: the paste is the body, or in the form.')
    }
  }
}
