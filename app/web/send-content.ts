import { pipeline } from 'node:stream/promises'
import type { Request, Response } from 'express'
import type { Caller } from '../authority/caller.ts'
import { AppError } from '../errors.ts'
import { fileNameOf } from '../pastes/file-name.ts'
import type { ReadablePaste } from '../pastes/find-paste.ts'
import type { Pastebin } from '../pastes/pastebin.ts'
import type { PasteRow } from '../store/store.ts'

// Our own choice: whoever takes nothing for so long is gone.
const PAUSE_MS = 60_000

/**
 * The content of a paste, which is data to every browser: saved and not shown, of no type that can do anything, and
 * should one show it all the same, without script, origin or request. In parts (RFC 9110 section 14), unless it burns.
 */
export async function sendContent(pastebin: Pastebin, content: ContentRequest): Promise<void> {
  const { caller, row, response } = content
  response.setTimeout(PAUSE_MS, () => response.destroy())
  try {
    if (row.isBurning) await sendOnce(pastebin, content)
    else await sendFile(content, pastebin.folder.path)
  } catch (error) {
    if (isGone(error)) return
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') await explainAbsence(pastebin, caller, row)
    throw error
  }
}

export interface ContentRequest {
  readonly caller: Caller
  readonly row: ReadablePaste['row']
  readonly request: Request
  readonly response: Response
}

function headersOf(row: PasteRow): Record<string, string> {
  return {
    'Content-Type': row.mediaType,
    'Content-Disposition': attachment(fileNameOf(row)),
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  }
}

/** RFC 6266 with the example of its appendix D: a name for old readers, and the name for others (RFC 8187). */
function attachment(name: string): string {
  const plain = name.replaceAll(/[^ -~]|["\\%]/g, '_')
  const hex = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  const encoded = encodeURIComponent(name).replaceAll(/['()*]/g, hex)
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}

async function sendOnce(
  pastebin: Pastebin,
  { caller, row, request, response }: ContentRequest,
): Promise<void> {
  const isLook = request.method === 'HEAD'
  const file = isLook ? undefined : await pastebin.burn(caller, row)
  for (const [name, value] of Object.entries(headersOf(row))) response.setHeader(name, value)
  response.setHeader('Content-Length', row.size)
  if (file) await pipeline(file.createReadStream(), response)
  else response.end()
}

/** Its validators are for what changes; nobody may keep this, and nothing of it ever changes. */
async function sendFile({ request, response, row }: ContentRequest, root: string): Promise<void> {
  const NONE_OF_IT = -1
  if (request.range(row.size) === NONE_OF_IT) {
    response.set('Content-Range', `bytes */${row.size}`)
    throw new AppError('RANGE_INVALID', `The paste has ${row.size} octets, and none of those asked for.`)
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const options = { root, headers: headersOf(row), cacheControl: false, etag: false, lastModified: false }
  response.sendFile(row.sha256, options, error => (error ? reject(error) : resolve()))
  await promise
}

const GONE: ReadonlySet<string | undefined> = new Set([
  'ECONNABORTED',
  'ECONNRESET',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
])

/** Whoever asked has hung up; the access log has it. */
function isGone(error: unknown): boolean {
  return GONE.has((error as NodeJS.ErrnoException).code)
}

/** It may have gone since it was looked up; a paste without its content is a fault of ours. */
async function explainAbsence(pastebin: Pastebin, caller: Caller, { id }: PasteRow): Promise<void> {
  await pastebin.find(caller, id)
  throw new Error(`The paste ${id} has lost its content.`)
}
