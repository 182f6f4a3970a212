import type { StatusUrls } from '../pki/encode-extensions.ts'

/** Where the site answers about revocation, as its certificates say it. @param publicUrl with or without a last slash */
export function statusUrlsBelow(publicUrl: string): StatusUrls {
  const base = publicUrl.endsWith('/') ? publicUrl : `${publicUrl}/`
  return { crl: new URL('pki/crl', base).href, ocsp: new URL('pki/ocsp', base).href }
}
