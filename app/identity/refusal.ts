import type { Request, Response } from 'express'
import { CHALLENGE } from './challenge.ts'

/** Code -> HTTP status and title; the code is stable, the detail is for people. */
export const REFUSALS = {
  CERT_MISSING: { status: 401, title: 'Client certificate required' },
  CERT_REFUSED: { status: 403, title: 'Client certificate not accepted' },
  LEVEL_TOO_LOW: { status: 403, title: 'Not allowed' },
  ORGANISATION_WRONG: { status: 403, title: 'Not allowed' },
} as const satisfies Record<string, { status: number; title: string }>

export type RefusalCode = keyof typeof REFUSALS

export interface Refusal {
  readonly code: RefusalCode
  readonly status: number
  readonly title: string
  readonly detail: string
}

export function refusal(code: RefusalCode, detail: string): Refusal {
  return Object.freeze({ code, ...REFUSALS[code], detail })
}

/** Problem details of RFC 9457; a refusal depends on the caller, so nobody may keep it. */
export function answerRefusal(_request: Request, response: Response, _next: unknown, why: Refusal): void {
  if (why.status === 401) response.set('WWW-Authenticate', CHALLENGE)
  response.set('Cache-Control', 'no-store').status(why.status).type('application/problem+json')
  response.send(JSON.stringify({ type: 'about:blank', ...why }))
}
