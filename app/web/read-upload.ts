import type { Request } from 'express'
import type { Receive } from '../pastes/admission.ts'
import { FORM_OCTETS, readForm } from './read-form.ts'
import { brokenOff, type Upload } from './upload.ts'

// Our own choice: no sender takes so long between two pieces, and the proxies wait no longer.
const PAUSE_MS = 30_000

/** Octets that the paste has at least. */
export function announcedOctets(request: Request): number {
  const length = Number(request.headers['content-length'] ?? 0)
  return isForm(request) ? Math.max(0, length - FORM_OCTETS) : length
}

/**
 * The paste of a request: its whole body or, of a form, the field `file` or `text`.
 * @throws AppError BODY_INVALID, REQUEST_INVALID when the connection ends before the paste, and what `receive` throws
 */
export async function readUpload(request: Request, receive: Receive): Promise<Upload> {
  if (request.headers.expect !== undefined) request.res?.writeContinue()
  request.setTimeout(PAUSE_MS, () => request.destroy())
  try {
    return isForm(request) ? await readForm(request, receive) : await readWhole(request, receive)
  } finally {
    request.setTimeout(0)
    // What is refused is read off the connection all the same: whoever is still sending would not see the answer.
    request.resume()
  }
}

function isForm({ headers }: Request): boolean {
  return /^multipart\/form-data\b/i.test(headers['content-type'] ?? '')
}

async function readWhole(request: Request, receive: Receive): Promise<Upload> {
  const mediaType = request.headers['content-type']
  return { received: await receive(bodyOf(request)), mediaType, fileName: undefined, fields: {} }
}

/** Leaves the connection open when nobody wants more of it: the answer has to go over it. */
async function* bodyOf(request: Request): AsyncGenerator<Buffer> {
  try {
    yield* request.iterator({ destroyOnReturn: false })
  } catch (cause) {
    throw brokenOff(cause)
  }
}
