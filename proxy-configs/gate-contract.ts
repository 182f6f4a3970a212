/**
 * What the application and the proxies have to know alike of the gate, written once; docs/gate.md says how it works, and
 * test/e2e proves that each proxy keeps it.
 */
export const GATE = {
  /** RFC 6265bis section 4.1.3.2: a browser takes this name from this very host only, over TLS, for all paths. */
  cookie: '__Host-gatehouse',
  /** Claims of each token (RFC 7519), exactly. */
  issuer: 'gatehouse',
  audience: 'internal',
  /** What is protected: this path, and all below it. */
  path: '/internal/',
  login: '/_auth/login',
  /** Who it is, for the service behind the gate: set by the proxy only, UTF-8. */
  remoteUser: 'Remote-User',
  /** `trusted`, `untrusted` or `admin`; `GET /_auth/verify` says it as well. */
  remoteLevel: 'Remote-Level',
} as const
