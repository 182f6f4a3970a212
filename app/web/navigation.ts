import type { Request } from 'express'
import { identificationOf } from '../identity/identification.ts'
import { isAtLeast } from '../identity/levels.ts'
import { sessionOf } from './form-tokens.ts'

/** What an instance offers, in `app.locals.site`. */
export interface Site {
  readonly hasGate: boolean
  /** Whether a stranger can get a certificate by himself. */
  readonly canEnrol: boolean
}

interface Place {
  /** Relative to the root of the site. */
  readonly path: string
  readonly label: string
}

/** What somebody of this level may want to go to; the pages themselves say who may see them. */
export function navigation(request: Request) {
  const level = identificationOf(request)?.identity.level ?? 'anonymous'
  const isTrusted = isAtLeast(level, 'trusted')
  const { hasGate, canEnrol } = request.app.locals.site as Site
  const session = sessionOf(request)
  const places: readonly (Place | false)[] = [
    { path: '', label: 'Home' },
    isTrusted
      ? { path: 'certificates/', label: 'My certificates' }
      : canEnrol && { path: 'tlsauth/register/', label: 'Get a certificate' },
    { path: 'pastes', label: 'Pastes' },
    hasGate &&
      (session || isTrusted
        ? { path: '_auth/', label: 'Account' }
        : { path: '_auth/login', label: 'Log in' }),
    isAtLeast(level, 'admin') && { path: 'admin/', label: 'Administration' },
  ]
  return {
    places: places
      .filter(place => place !== false)
      .map(place => ({ ...place, isCurrent: isWithin(request.path, `/${place.path}`) })),
    level,
    isLoggedIn: session !== undefined,
  }
}

function isWithin(path: string, place: string): boolean {
  return path === place || (place !== '/' && path.startsWith(place.replace(/\/?$/, '/')))
}
