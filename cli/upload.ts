import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { CliError } from './errors.ts'

/** A body of any length, which is sent as it comes. */
export interface Upload {
  readonly type: string
  /** Octets, if they are known. */
  readonly length: number | undefined
  readonly content: AsyncIterable<Uint8Array>
}

export function uploadHeaders({ type, length }: Upload): Record<string, string | number> {
  return {
    'content-type': type,
    expect: '100-continue',
    ...(length === undefined ? {} : { 'content-length': length }),
  }
}

/**
 * Asks whether it may, then sends; an answer that comes before the end is the answer.
 * @throws CliError UPLOAD_CUT when the connection breaks while it is sent
 */
export async function sendUpload(request: ClientRequest, { content }: Upload): Promise<IncomingMessage> {
  const answered = once(request, 'response') as Promise<[IncomingMessage]>
  request.flushHeaders()
  const early = await Promise.race([answered, goAhead(request)])
  if (early) return early[0]
  const source = Readable.from(content, { objectMode: false })
  source.on('error', error => request.destroy(error))
  source.pipe(request)
  try {
    const [response] = await answered
    return response
  } catch (error) {
    throw cutOff(error)
  } finally {
    source.unpipe(request).destroy()
  }
}

// RFC 9110 section 10.1.1: not for ever, because there are servers that never say so. Our own choice, as curl's.
const GO_AHEAD_MS = 1_000

function goAhead(request: ClientRequest): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  request.once('continue', resolve)
  setTimeout(resolve, GO_AHEAD_MS).unref()
  return promise
}

function cutOff(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code !== 'EPIPE' && code !== 'ECONNRESET') return error
  return new CliError(
    'UPLOAD_CUT',
    'The server ended the connection while the paste was being sent. It may be larger than the server takes from you; if not, try again.',
    { cause: error },
  )
}
