import type { Readable } from 'node:stream'
import { Busboy, type BusboyConfig, type BusboyInstance } from '@fastify/busboy'
import type { Request } from 'express'
import { AppError } from '../errors.ts'
import type { Receive } from '../pastes/admission.ts'
import { brokenOff, type Upload } from './upload.ts'

const LIMITS: NonNullable<BusboyConfig['limits']> = {
  fields: 8,
  fieldSize: 1024,
  files: 4,
  parts: 12,
  headerPairs: 16,
  headerSize: 8 * 1024,
}
/** More than all that a form within these limits has beside its paste. */
export const FORM_OCTETS = 128 * 1024

type Part = Omit<Upload, 'fields'>

/** A form as a browser sends it: what is left empty is there as well, and does not count. */
export async function readForm(request: Request, receive: Receive): Promise<Upload> {
  const parser = parserOf(request)
  const fields = new Map<string, string>()
  const streams: Readable[] = []
  const parts: Promise<Part | undefined>[] = []
  const { promise: isRead, resolve, reject: stop } = Promise.withResolvers<void>()

  parser.on('field', (name, value, _, isCut) => {
    if (isCut || fields.has(name)) stop(invalidForm('a field is too long or comes twice'))
    fields.set(name, value)
  })
  parser.on('file', (name, stream, sentName, _, mediaType) => {
    // It may fail when nobody wants it any more.
    streams.push(stream.on('error', () => {}))
    const content = name === 'text' ? withLineFeeds(stream) : stream
    const fileName = sentName || undefined
    parts.push(receive(content).then(received => ({ received, fileName, mediaType }), orNothing(stop)))
  })
  for (const event of ['partsLimit', 'filesLimit', 'fieldsLimit']) {
    parser.on(event, () => stop(invalidForm('it has too many fields')))
  }
  parser.on('error', error => stop(invalidForm((error as Error).message)))
  parser.once('finish', resolve)
  request.once('error', cause => stop(brokenOff(cause)))
  request.pipe(parser)
  try {
    await isRead
    return { ...(await soleOf(parts)), fields: Object.fromEntries(fields) }
  } catch (error) {
    request.unpipe(parser)
    for (const stream of streams) stream.destroy()
    for (const part of await Promise.all(parts)) await part?.received[Symbol.asyncDispose]()
    throw error
  }
}

function parserOf({ headers }: Request): BusboyInstance {
  const isPartAFile = (name?: string) => name === 'file' || name === 'text'
  try {
    return Busboy({
      headers: { ...headers, 'content-type': headers['content-type'] ?? '' },
      limits: LIMITS,
      isPartAFile,
    })
  } catch (error) {
    throw invalidForm((error as Error).message)
  }
}

function invalidForm(why: string): AppError {
  return new AppError(
    'BODY_INVALID',
    `The form cannot be used: ${why}. It takes one paste, as "file" or "text", and expires_in, burn, private and name.`,
  )
}

function orNothing(stop: (error: unknown) => void): (error: unknown) => undefined {
  return error => {
    if (!isEmpty(error)) stop(error)
    return undefined
  }
}

function isEmpty(error: unknown): boolean {
  return error instanceof AppError && error.code === 'PASTE_EMPTY'
}

async function soleOf(parts: readonly Promise<Part | undefined>[]): Promise<Part> {
  const [part, ...more] = (await Promise.all(parts)).filter(each => each !== undefined)
  if (!part) throw new AppError('PASTE_EMPTY', 'There is nothing to keep: choose a file, or write a text.')
  if (more.length > 0) throw invalidForm('there are two pastes in it')
  return part
}

/** A form has CR LF at every end of a line, whatever the text had (HTML, "constructing the entry list"). */
async function* withLineFeeds(text: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let kept = ''
  for await (const chunk of text) {
    // latin1 keeps octets as they are.
    const all = kept + chunk.toString('latin1')
    kept = all.endsWith('\r') ? '\r' : ''
    yield Buffer.from(all.slice(0, all.length - kept.length).replaceAll('\r\n', '\n'), 'latin1')
  }
  if (kept !== '') yield Buffer.from(kept)
}
