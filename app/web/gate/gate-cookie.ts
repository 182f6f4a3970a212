import type { IncomingMessage } from 'node:http'
import type { Response } from 'express'
import { GATE } from '../../../proxy-configs/gate-contract.ts'
import type { Entry } from '../../gate/sessions.ts'

const ATTRIBUTES = { secure: true, httpOnly: true, sameSite: 'lax', path: '/' } as const

/** The token that came with a request; of two, nobody knows which one is meant, so it is none. */
export function gateToken({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  const prefix = `${GATE.cookie}=`
  const pairs = headers.cookie?.split(';').map(pair => pair.trim()) ?? []
  const [pair, ...others] = pairs.filter(each => each.startsWith(prefix))
  return others.length > 0 ? undefined : pair?.slice(prefix.length)
}

/** It lives as long as the session can: with what has expired in it, the session is renewed. */
export function setGateCookie(response: Response, { token, session }: Entry, now: Date): void {
  if (token === undefined) return
  response.cookie(GATE.cookie, token, { ...ATTRIBUTES, maxAge: session.expiresAt - now.getTime() })
}

export function clearGateCookie(response: Response): void {
  response.clearCookie(GATE.cookie, ATTRIBUTES)
}
