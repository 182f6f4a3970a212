import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { RequestHandler } from 'express'
import { AppError } from '../errors.ts'

/** The host of an authority (RFC 3986 section 3.2) in lower case, without port and trailing dot. */
function hostOf(authority: string): string {
  return authority.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
}

/** Whom a request is for: RFC 9112 section 3.2.2 prefers the absolute form to the `Host` header. */
function requestedHosts({ url = '', rawHeaders }: IncomingMessage): string[] {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1]
  const hosts = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === 'host')
  return absolute === undefined ? hosts : [...hosts, absolute]
}

/**
 * Direct mode: a connection made for one name must not carry requests for another, or what was decided for the first
 * name (who may resume its sessions, CVE-2025-23419 and its twins) would hold for the second. RFC 9110 section 7.4.
 */
export const refuseMisdirected: RequestHandler = (request, _response, next) => {
  const { servername } = request.socket as TLSSocket
  const hosts = requestedHosts(request)
  if (request.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length > 1) {
    return next(new AppError('REQUEST_INVALID', 'There must be one Host header, not several.'))
  }
  if (typeof servername === 'string' && hosts.some(host => hostOf(host) !== hostOf(servername))) {
    return next(new AppError('MISDIRECTED', 'This connection was made for another host name.'))
  }
  next()
}
