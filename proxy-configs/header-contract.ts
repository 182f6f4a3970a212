/**
 * The header contract between a proxy and the application, written once.
 * README.md beside this file says how each proxy keeps it; test/e2e proves that each does.
 */

/** What every proxy sets itself. The application believes these when `proxySecret` is right, and nothing else. */
export const HEADER = {
  /** RFC 9440 section 2.2, only when the proxy validated the certificate against the client CA. */
  clientCert: 'Client-Cert',
  /** The same encoding, for a certificate that was presented and did not validate. */
  clientCertUnverified: 'Client-Cert-Unverified',
  /** `SUCCESS`, `NONE` or `FAILED:reason`; always. */
  verify: 'X-SSL-Client-Verify',
  /** RFC 4514 strings and upper-case hex, with `SUCCESS` only, for back ends that cannot parse a certificate. */
  subject: 'X-SSL-Client-S-DN',
  issuer: 'X-SSL-Client-I-DN',
  serial: 'X-SSL-Client-Serial',
  proxySecret: 'X-Proxy-Secret',
  forwardedFor: 'X-Forwarded-For',
  forwardedProto: 'X-Forwarded-Proto',
  forwardedHost: 'X-Forwarded-Host',
  /** `/app` when the application is offered under that path prefix, otherwise absent. */
  forwardedPrefix: 'X-Forwarded-Prefix',
  requestId: 'X-Request-Id',
  /** RFC 9110 section 7.6.3: which of the proxies it was, `1.1 nginx`. */
  via: 'Via',
} as const

/** What some back end or other has believed, and no proxy of ours sets: removed like the names above. */
export const FOREIGN_HEADERS = ['Client-Cert-Chain', 'X-SSL-Client-SHA1', 'Forwarded', 'X-Real-IP'] as const

/** Families of names: whatever follows the prefix, the header is removed. */
export const HEADER_FAMILIES = [
  'Client-Cert',
  'X-SSL-Client',
  'SSL-Client',
  'SSL-Server',
  'X-Forwarded',
  // What services behind a gate believe: Remote-User, Remote-Groups, and what mod_auth_openidc makes of a token.
  'Remote',
  'X-Remote',
  'OIDC',
] as const

/** The names that mod_ssl exports and that old back ends read (the oldest four first): members of the families. */
export const LEGACY_HEADERS = [
  'SSL-Client-S-DN',
  'SSL-Client-I-DN',
  'SSL-Client-Verify',
  'SSL-Server-S-DN-OU',
  'SSL-Client-Cert',
  'SSL-Client-M-Serial',
  'SSL-Client-S-DN-CN',
  'SSL-Client-S-DN-O',
  'SSL-Client-S-DN-Email',
  'SSL-Server-S-DN',
] as const
