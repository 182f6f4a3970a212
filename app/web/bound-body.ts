import type { RequestHandler } from 'express'
import { AppError } from '../errors.ts'

/**
 * Bounds what a caller may send as a body, whether its length is announced or not: what no route reads is still
 * read off the connection by Node, so that the next request can be found.
 * @param limit octets
 */
export function boundBody(limit: number): RequestHandler {
  return function boundRequestBody(request, response, next) {
    if (Number(request.headers['content-length'] ?? 0) > limit) {
      response.set('Connection', 'close')
      return next(new AppError('BODY_TOO_LARGE', `The request body must not be larger than ${limit} octets.`))
    }
    if (request.headers['transfer-encoding'] !== undefined) {
      let size = 0
      request.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > limit) request.destroy()
      })
    }
    next()
  }
}
