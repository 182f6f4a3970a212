import type passport from 'passport'
import { Strategy } from 'passport-custom'
import { CHALLENGE } from './challenge.ts'
import { createIdentification, type IdentificationOptions } from './identification.ts'
import { isAtLeast, isLevel, type Level } from './levels.ts'

export const STRATEGY_NAME = 'client-certificate'

export interface StrategyOptions extends IdentificationOptions {
  /**
   * The lowest level that `passport.authenticate` lets pass; below it, 401. The default is `trusted`, so that a
   * forgotten guard opens nothing. `anonymous` identifies everybody and leaves the decision to the guards.
   */
  readonly level?: Level
}

/**
 * The Passport strategy `client-certificate`. Each request ends in exactly one of success (`request.user` is the
 * `Identity`), fail (its level is too low) and error (a fault of ours). Use it with `session: false`: the certificate
 * is there on every request, and a session would outlive it.
 * @throws RangeError for options that cannot be right
 */
export function clientCertificateStrategy({
  level = 'trusted',
  ...options
}: StrategyOptions): passport.Strategy {
  if (!isLevel(level)) throw new RangeError(`There is no level "${level}".`)
  const identify = createIdentification(options)
  const strategy: passport.Strategy = new Strategy((request, done) => {
    identify(request).then(({ identity }) => {
      if (isAtLeast(identity.level, level)) done(null, identity)
      else done(null, false, CHALLENGE)
    }, done)
  })
  strategy.name = STRATEGY_NAME
  return strategy
}
