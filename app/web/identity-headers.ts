import type { RequestHandler } from 'express'
import { HEADER } from '../../proxy-configs/header-contract.ts'
import { identificationOf } from '../identity/identification.ts'

/**
 * RFC 9440 section 2.4: what depends on the caller's certificate must not be kept for somebody else.
 * The fingerprint goes back as well, for the log of a proxy that cannot compute it.
 */
export const identityHeaders: RequestHandler = (request, response, next) => {
  const { presented, requestId } = identificationOf(request) ?? {}
  response.setHeader('Cache-Control', 'no-store')
  response.setHeader('Vary', `Accept, ${HEADER.clientCert}`)
  if (requestId) response.setHeader(HEADER.requestId, requestId)
  if (presented) response.setHeader('X-Client-Fingerprint256', presented.fingerprint256)
  next()
}
