import type { Request } from 'express'

/** Whether the caller has this version already (RFC 9110 section 13.1.2, whose comparison is the weak one). */
export function isKnown({ headers }: Pick<Request, 'headers'>, etag: string): boolean {
  const known = headers['if-none-match']?.split(',').map(tag => tag.trim().replace(/^W\//, '')) ?? []
  return known.includes(etag) || known.includes('*')
}
