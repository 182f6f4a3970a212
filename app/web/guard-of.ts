import type { RequestHandler } from 'express'
import { callerOf } from '../authority/caller.ts'
import { AppError } from '../errors.ts'
import { assuredIdentificationOf } from '../identity/identification.ts'
import { type RequireIdentityOptions, requireIdentity } from '../identity/require-identity.ts'
import type { RefusalListener } from './refuse-cross-site.ts'

/** A guard whose refusals are on record. */
export function guardOf(
  wanted: Pick<RequireIdentityOptions, 'level' | 'organisation'>,
  path: string,
  { onRefused }: RefusalListener,
): RequestHandler {
  return requireIdentity({
    ...wanted,
    otherwise(request, _response, next, { code, detail }) {
      onRefused(callerOf(assuredIdentificationOf(request)), { code, path })
      next(new AppError(code, detail))
    },
  })
}
