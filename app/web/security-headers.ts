import type { RequestHandler } from 'express'
import helmet from 'helmet'

// Pages bring one stylesheet of our own and no script; Pico's icons are `data:` images.
const CONTENT_SECURITY_POLICY = {
  useDefaults: false,
  directives: {
    'default-src': ["'none'"],
    'style-src': ["'self'"],
    'img-src': ["'self'", 'data:'],
    'form-action': ["'self'"],
    'base-uri': ["'none'"],
    'frame-ancestors': ["'none'"],
  },
}

// Mozilla's recommendation: two years.
const HSTS_SECONDS = 63_072_000

/** @param isTlsOurs the proxies set HSTS themselves; only in direct mode is it ours to promise */
export function securityHeaders(isTlsOurs: boolean): RequestHandler {
  return helmet({
    contentSecurityPolicy: CONTENT_SECURITY_POLICY,
    strictTransportSecurity: isTlsOurs && { maxAge: HSTS_SECONDS, includeSubDomains: false },
    xFrameOptions: { action: 'deny' },
  })
}
