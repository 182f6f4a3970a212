import { Busboy } from '@fastify/busboy'
import express, { type Request, type RequestHandler } from 'express'
import { AppError } from '../errors.ts'

// Our own choice: a signing request of RSA-4096 with a page of names takes a tenth of it.
const OCTETS = 64 * 1024

const readUrlEncoded = express.urlencoded({ extended: false, limit: OCTETS, parameterLimit: 40 })

/** A form of a page, into `request.body`. Of a field that comes twice, as text and as a file, the one that is filled in. */
export const readForm: RequestHandler = (request, response, next) => {
  if (request.body !== undefined) return next()
  if (!request.is('multipart/form-data')) return readUrlEncoded(request, response, next)
  readMultipart(request).then(form => {
    request.body = form
    next()
  }, next)
}

async function readMultipart(request: Request): Promise<Record<string, string | Buffer>> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const form: Record<string, string | Buffer> = Object.create(null)
  const fail = () => reject(new AppError('BODY_INVALID', 'The form cannot be read. Open its page again.'))
  try {
    const parser = Busboy({
      headers: { ...request.headers, 'content-type': request.headers['content-type'] ?? '' },
      limits: { fields: 20, fieldSize: OCTETS, fileSize: OCTETS, files: 2, parts: 22 },
    })
    parser.on('field', (name, value) => {
      if (form[name] === undefined || value !== '') form[name] = value
    })
    parser.on('file', (name, stream) => {
      const chunks: Buffer[] = []
      stream.on('data', chunk => chunks.push(chunk))
      stream.on('error', fail)
      stream.on('end', () => {
        const content = Buffer.concat(chunks)
        if (content.length > 0) form[name] = content
      })
    })
    for (const event of ['error', 'partsLimit', 'filesLimit', 'fieldsLimit']) parser.on(event, fail)
    parser.once('finish', resolve)
    request.once('error', fail)
    request.pipe(parser)
  } catch {
    fail()
  }
  await promise
  return form
}
