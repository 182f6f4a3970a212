import { IncomingMessage } from 'node:http'
import { finished } from 'node:stream/promises'
import type { Request, RequestHandler, Response } from 'express'
import { AppError } from '../errors.ts'
import { answerClientError } from './answer-client-error.ts'

export interface BodyBounds {
  readonly octets: number
  /** From the head of the request to the end of its body. */
  readonly ms: number
  /**
   * Whether the route says what is too large, and when the body may come to whoever asks that first (RFC 9110 section
   * 10.1.1).
   */
  readonly isOnDemand?: boolean
}

/**
 * Bounds what a caller may send as a body, whether its length is announced or not: what no route reads is still
 * read off the connection by Node, so that the next request can be found.
 */
export function boundBody(boundsOf: (request: Request) => BodyBounds): RequestHandler {
  return function boundRequestBody(request, response, next) {
    const { octets, ms, isOnDemand } = boundsOf(request)
    const length = Number(request.headers['content-length'] ?? 0)
    const isUnannounced = request.headers['transfer-encoding'] !== undefined
    if (isUnannounced || length > octets) {
      cutOff(request, 2 * octets)
      response.prependListener('finish', () => keepCounting(request))
    }
    if (isUnannounced || length > 0) limitTime(request, ms)
    if (isOnDemand) return next()
    if (length > octets) {
      response.set('Connection', 'close')
      return next(tooLarge(octets))
    }
    if (request.headers.expect !== undefined) response.writeContinue()
    next()
  }
}

function tooLarge(octets: number): AppError {
  return new AppError('BODY_TOO_LARGE', `The request body must not be larger than ${octets} octets.`)
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

/** As Node itself does it, which has one time for all requests. */
function limitTime(request: IncomingMessage, ms: number): void {
  const { socket } = request
  const timer = setTimeout(() => {
    const tooSlow = Object.assign(new Error('The body took too long.'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
    answerClientError(tooSlow, socket)
  }, ms)
  const forget = () => {
    clearTimeout(timer)
    socket.off('close', forget)
  }
  request.once('close', forget)
  // One that is answered before its body has come does not hear of the end of its connection.
  socket.once('close', forget)
}

// Our own choice: whoever has sent nothing for so long waits for the answer.
const SILENCE_MS = 500

/**
 * Until the client has sent what it sends, or waits, if it wants the connection closed after the answer: closed while
 * it sends, it is broken under the client's hands, and the answer is lost. Others get the answer at once, and what they
 * still send is read and thrown away.
 */
export async function untilBodySent(request: Request, response: Response): Promise<void> {
  const isAsking = request.headers.expect !== undefined
  if (request.complete || response.shouldKeepAlive || isAsking) return
  const { promise: silence, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, SILENCE_MS)
  request.on('data', () => timer.refresh()).resume()
  await Promise.race([finished(request).catch(() => undefined), silence])
  clearTimeout(timer)
}
