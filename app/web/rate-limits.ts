import type { Request, RequestHandler } from 'express'
import { ipKeyGenerator, rateLimit } from 'express-rate-limit'
import { AppError } from '../errors.ts'
import { identificationOf } from '../identity/identification.ts'
import { isAtLeast, type Level } from '../identity/levels.ts'

/** Our own choice: a person with a browser comes nowhere near these, a program of an administrator may issue many. */
const PER_MINUTE: Readonly<Record<Level, number>> = {
  anonymous: 600,
  untrusted: 600,
  trusted: 1200,
  admin: 60_000,
}

export interface RateLimits {
  /** By certificate or, without one, by network address. */
  readonly anybody: RequestHandler
  /** Attempts to enrol, by network address, whoever it is. */
  readonly enrolment: RequestHandler
  /** Pastes, by network address, of those whom nobody vouches for. */
  readonly uploads: RequestHandler
}

export interface PerMinute {
  readonly enrolments: number
  readonly uploads: number
}

export function createRateLimits({ enrolments, uploads }: PerMinute): RateLimits {
  return {
    anybody: limit(
      request => PER_MINUTE[identificationOf(request)?.identity.level ?? 'anonymous'],
      request => certificateKey(request) ?? addressKey(request),
    ),
    enrolment: limit(() => enrolments, addressKey),
    uploads: limit(() => uploads, addressKey, isVouchedFor),
  }
}

/** Only of a certificate that somebody had to issue: of self-signed ones a flood can have one for every request. */
function certificateKey(request: Request): string | null | undefined {
  return isVouchedFor(request) ? identificationOf(request)?.identity.fingerprint256 : undefined
}

function isVouchedFor(request: Request): boolean {
  return isAtLeast(identificationOf(request)?.identity.level ?? 'anonymous', 'trusted')
}

/** One customer of a provider has a whole /64 of IPv6. */
function addressKey(request: Request): string {
  return ipKeyGenerator(identificationOf(request)?.address ?? '', 64)
}

function limit(
  most: (request: Request) => number,
  key: (request: Request) => string,
  isFree: (request: Request) => boolean = () => false,
): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit: most,
    skip: isFree,
    keyGenerator: key,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    handler(request, response, next) {
      response.set('Retry-After', '60')
      next(
        new AppError(
          'RATE_LIMITED',
          `More than ${most(request)} requests came from you within a minute. Wait a minute and try again.`,
        ),
      )
    },
  })
}
