import type { RequestHandler, Response } from 'express'
import helmet from 'helmet'

// Pages bring one stylesheet of our own and, but for one, no script; Pico's icons are `data:` images.
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

// Text stays text: nothing on such a page may become markup or code.
const OF_SCRIPTS =
  "script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"

/** For the page that this answer is: scripts of our own, which ask nobody but us. */
export function allowOwnScript(response: Response): void {
  const name = 'Content-Security-Policy'
  response.setHeader(name, `${response.getHeader(name)};${OF_SCRIPTS}`)
}
