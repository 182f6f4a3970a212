import type { RequestHandler } from 'express'
import { AppError } from '../errors.ts'

/** RFC 9110 section 15.5.6: 405 says which methods there are. */
export const onlyReading: RequestHandler = (request, response, next) => {
  response.set('Allow', 'GET, HEAD')
  next(new AppError('METHOD_NOT_ALLOWED', `This address takes GET and HEAD, not ${request.method}.`))
}
