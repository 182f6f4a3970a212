import type { FileHandle } from 'node:fs/promises'
import type { Caller } from '../authority/caller.ts'
import { type Admit, createAdmission } from './admission.ts'
import type { ContentFolder, Received } from './content-folder.ts'
import { burnPaste, removePaste } from './end-paste.ts'
import {
  findPaste,
  listPastes,
  type PasteListQuery,
  type ReadablePaste,
  type SeenPaste,
} from './find-paste.ts'
import { keepPaste, type NewPaste } from './keep-paste.ts'
import type { PastebinContext } from './pastebin-context.ts'
import { expirePastes, tidyContents } from './sweep.ts'

/** All decisions about pastes, each recorded in the audit trail. */
export interface Pastebin {
  readonly admit: Admit
  keep(caller: Caller, received: Received, paste: NewPaste): Promise<ReadablePaste>
  find(caller: Caller, id: string): Promise<ReadablePaste>
  /** Newest first. */
  list(caller: Caller, query: PasteListQuery): Promise<readonly SeenPaste[]>
  remove(caller: Caller, id: string): Promise<SeenPaste>
  burn(caller: Caller, row: ReadablePaste['row']): Promise<FileHandle>
  readonly folder: Pick<ContentFolder, 'path' | 'open'>
  /** Ends what has expired. */
  expire(): Promise<void>
  /** Puts right what a crash has left. */
  tidy(): Promise<void>
}

export function openPastebin(context: PastebinContext): Pastebin {
  return {
    admit: createAdmission(context),
    keep: (caller, received, paste) => keepPaste(context, caller, received, paste),
    find: (caller, id) => findPaste(context, caller, id),
    list: (caller, query) => listPastes(context, caller, query),
    remove: (caller, id) => removePaste(context, caller, id),
    burn: (caller, row) => burnPaste(context, caller, row),
    folder: context.folder,
    expire: () => expirePastes(context),
    tidy: () => tidyContents(context),
  }
}
