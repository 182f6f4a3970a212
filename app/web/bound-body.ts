import { IncomingMessage } from 'node:http'
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
      cutOff(request, 2 * limit)
      response.prependListener('finish', () => keepCounting(request))
    }
    next()
  }
}

/**
 * Counts where the parser hands the octets over: a listener for them would set them flowing before a route is there
 * to read them. The routes refuse what is above the limit, with an answer; this ends what goes on nevertheless.
 */
function cutOff(request: IncomingMessage, limit: number): void {
  let size = 0
  request.push = function pushCounted(chunk, encoding) {
    size += chunk?.length ?? 0
    if (size <= limit) return IncomingMessage.prototype.push.call(request, chunk, encoding)
    request.destroy()
    return false
  }
}

/** What nobody has read by the end of the answer Node throws away without handing it over, and so uncounted. */
function keepCounting(request: IncomingMessage): void {
  if (request.complete) return
  request.on('data', () => undefined)
  // Marks it as read by somebody, before Node looks.
  request.read(0)
}
