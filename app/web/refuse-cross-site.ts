import type { Request, RequestHandler } from 'express'
import { type Caller, callerOf } from '../authority/caller.ts'
import { AppError } from '../errors.ts'
import { identificationOf } from '../identity/identification.ts'

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
// Our own choice: longer than any path of ours.
const MOST_OF_A_PATH = 100

/** Whether it can change nothing (RFC 9110 section 9.2.1). */
export function isReading({ method }: Pick<Request, 'method'>): boolean {
  return READING.has(method)
}

export interface RefusalListener {
  /** A guard has refused somebody. */
  readonly onRefused: (caller: Caller, refusal: { readonly code: string; readonly path: string }) => void
}

/**
 * A browser sends the certificate with every request, also one that a page of somebody else made it send, and SameSite
 * is for cookies only. It says so, though: `Sec-Fetch-Site`, or in older ones `Origin`. Programs send neither.
 */
export function refuseCrossSite({ onRefused }: RefusalListener): RequestHandler {
  return function refuseCrossSiteRequest(request, _response, next) {
    if (isReading(request) || isFromHere(request)) return next()
    const identification = identificationOf(request)
    const refusal = { code: 'CROSS_SITE', path: request.path.slice(0, MOST_OF_A_PATH) }
    if (identification) onRefused(callerOf(identification), refusal)
    next(
      new AppError(
        'CROSS_SITE',
        'This was sent by a page of another site, and changes nothing here. Open this site itself and do it there.',
      ),
    )
  }
}

function isFromHere({ headers }: Request): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  const { origin, host } = headers
  if (origin === undefined) return true
  if (!URL.canParse(origin)) return false
  // Over http anybody on the way can be this host.
  const { protocol, host: originHost } = new URL(origin)
  return protocol === 'https:' && originHost === host?.toLowerCase()
}
