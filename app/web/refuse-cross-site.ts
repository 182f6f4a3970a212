import type { Request, RequestHandler } from 'express'
import { AppError } from '../errors.ts'

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * A browser sends the certificate with every request, also one that a page of somebody else made it send, and SameSite
 * is for cookies only. It says so, though: `Sec-Fetch-Site`, or in older ones `Origin`. Programs send neither.
 */
export const refuseCrossSite: RequestHandler = (request, _response, next) => {
  if (READING.has(request.method) || isFromHere(request)) return next()
  next(
    new AppError(
      'CROSS_SITE',
      'This was sent by a page of another site, and changes nothing here. Open this site itself and do it there.',
    ),
  )
}

function isFromHere({ headers }: Request): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  const { origin, host } = headers
  if (origin === undefined) return true
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase()
}
