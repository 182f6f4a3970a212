import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { assuredIdentificationOf } from './identification.ts'
import type { Identified } from './identify.ts'
import { isAtLeast, isLevel, type Level } from './levels.ts'
import { answerRefusal, type Refusal, refusal, whyAnonymous } from './refusal.ts'

export interface RequireIdentityOptions {
  /** The lowest level that passes; `trusted` unless said otherwise. */
  readonly level?: Level
  /** The one organisation that passes, exactly as in the certificate; needs a level that is vouched for. */
  readonly organisation?: string
  /** What happens to everybody else; the default answers 401 or 403 with problem details (RFC 9457). */
  readonly otherwise?: (request: Request, response: Response, next: NextFunction, why: Refusal) => void
}

const OPTIONS: ReadonlySet<string> = new Set(['level', 'organisation', 'otherwise'])

const guarded = new Set<string>()

/**
 * The organisations that the guards of this process ask for. Whoever could register with one would open its doors, so
 * the authority reserves them.
 */
export function guardedOrganisations(): ReadonlySet<string> {
  return guarded
}

/**
 * A guard for a route: lets the caller pass, or hands him to `otherwise`.
 * @throws RangeError while the application is built, for options that cannot be right: a misspelt one would guard nothing
 */
export function requireIdentity(options: RequireIdentityOptions = {}): RequestHandler {
  const { level = 'trusted', organisation, otherwise = answerRefusal } = options
  assertOptions(options, level)
  if (organisation !== undefined) guarded.add(organisation)
  return function guardIdentity(request, response, next) {
    const why = check(assuredIdentificationOf(request), level, organisation)
    if (why) otherwise(request, response, next, why)
    else next()
  }
}

function assertOptions(options: RequireIdentityOptions, level: Level): void {
  const unknown = Object.keys(options).filter(name => !OPTIONS.has(name))
  if (unknown.length > 0)
    throw new RangeError(`requireIdentity takes ${[...OPTIONS].join(', ')}, not ${unknown}.`)
  if (!isLevel(level)) throw new RangeError(`requireIdentity: there is no level "${level}".`)
  if (!('organisation' in options)) return
  if (typeof options.organisation !== 'string' || options.organisation.trim() === '') {
    throw new RangeError(
      'requireIdentity: the organisation must not be empty; leave it out to let all of them pass.',
    )
  }
  if (!isAtLeast(level, 'trusted')) {
    throw new RangeError(`requireIdentity: nobody vouches for an organisation at level "${level}".`)
  }
}

function check(caller: Identified, wanted: Level, organisation: string | undefined): Refusal | undefined {
  const { level, organisation: own } = caller.identity
  if (!isAtLeast(level, wanted)) {
    return (
      whyAnonymous(caller) ??
      refusal('LEVEL_TOO_LOW', `You are ${level} here, and this page is for ${wanted} or higher.`)
    )
  }
  if (organisation === undefined || own === organisation) return undefined
  return refusal('ORGANISATION_WRONG', 'Your certificate is of another organisation than this page is for.')
}
