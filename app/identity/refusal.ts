import type { Request, Response } from 'express'
import { CHALLENGE } from './challenge.ts'
import type { Identified } from './identify.ts'
import { isReason, type NextStep, REASONS, type ReasonCode } from './reasons.ts'

export interface Refusal {
  readonly code: ReasonCode
  readonly status: number
  readonly title: string
  /** A sentence for people; nothing in it was written by the caller. */
  readonly detail: string
  readonly next: readonly NextStep[]
}

export function refusal(code: ReasonCode, detail: string): Refusal {
  const { status, title, next } = REASONS[code]
  return Object.freeze({ code, status, title, detail, next })
}

/** Why the caller is nobody; `undefined` when he is somebody. */
export function whyAnonymous({ identity, failure }: Identified): Refusal | undefined {
  if (identity.level !== 'anonymous') return undefined
  if (identity.verify === 'NONE') {
    return refusal('CERT_MISSING', 'No client certificate was presented.')
  }
  if (failure && isReason(failure.code)) return refusal(failure.code, failure.reason)
  const words = identity.verify.slice('FAILED:'.length)
  return refusal('CERT_REFUSED', `Your client certificate is not accepted: ${words}.`)
}

/** Problem details of RFC 9457; a refusal depends on the caller, so nobody may keep it. */
export function answerRefusal(_request: Request, response: Response, _next: unknown, why: Refusal): void {
  if (why.status === 401) response.set('WWW-Authenticate', CHALLENGE)
  response.set('Cache-Control', 'no-store').status(why.status).type('application/problem+json')
  response.send(JSON.stringify({ type: 'about:blank', ...why }))
}
