import type { RequestHandler } from 'express'
import { AppError } from '../errors.ts'

/** RFC 9110 section 15.5.6: 405 says which methods there are. */
export function onlyMethods(...methods: readonly string[]): RequestHandler {
  return function refuseMethod(request, response, next) {
    response.set('Allow', methods.join(', '))
    const problem = `This address takes ${methods.join(' and ')}, not ${request.method}.`
    next(new AppError('METHOD_NOT_ALLOWED', problem))
  }
}

export const onlyReading = onlyMethods('GET', 'HEAD')
