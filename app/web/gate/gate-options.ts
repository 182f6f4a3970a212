import type { Request, Response } from 'express'
import { type Caller, callerOf } from '../../authority/caller.ts'
import { AppError } from '../../errors.ts'
import type { Gate } from '../../gate/gate.ts'
import { assuredIdentificationOf } from '../../identity/identification.ts'
import type { Store } from '../../store/store.ts'
import type { RateLimits } from '../rate-limits.ts'
import type { RefusalListener } from '../refuse-cross-site.ts'
import { renderPage, type View } from '../views.ts'

export interface GateOptions extends RefusalListener {
  readonly gate: Gate
  readonly store: Store
  readonly limits: RateLimits
  readonly now: () => Date
}

export function callerIn(request: Request): Caller {
  return callerOf(assuredIdentificationOf(request))
}

export function sendPage(
  request: Request,
  response: Response,
  view: View,
  data: Parameters<typeof renderPage>[2],
): void {
  response.type('text/html').send(renderPage(view, request, data))
}

export function loginRequired(): AppError {
  return new AppError(
    'GATE_LOGIN_REQUIRED',
    'You are not logged in. Present a client certificate of this site, or log in: send "user" and "code" to POST /_auth/login, and its cookie with later requests. A session that is still open is renewed by GET /_auth/login?url=/.',
  )
}
