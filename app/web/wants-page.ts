import type { Request } from 'express'

/** Browsers name HTML in so many words; curl and API clients do not. */
export function wantsPage(request: Request): boolean {
  return request.headers.accept?.includes('text/html') === true
}
