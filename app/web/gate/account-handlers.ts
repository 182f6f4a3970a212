import type { Request, RequestHandler, Response } from 'express'
import { inertName } from '../../../pki/inert-text.ts'
import { GATE } from '../../../proxy-configs/gate-contract.ts'
import type { Caller } from '../../authority/caller.ts'
import { gateLevelOf } from '../../gate-means.ts'
import { isAtLeast, type Level } from '../../identity/levels.ts'
import { send } from '../api/send.ts'
import { wantsPage } from '../wants-page.ts'
import { gateToken, setGateCookie } from './gate-cookie.ts'
import { callerIn, type GateOptions, loginRequired, sendPage } from './gate-options.ts'
import { accountPage, sessionJson } from './gate-replies.ts'

interface Passing {
  readonly user: string
  readonly level: Level
}

/** Whom a certificate lets through by itself. */
function certified({ identity: { level, name, serial } }: Caller): Passing | undefined {
  if (!isAtLeast(level, 'trusted')) return undefined
  return { user: name === null ? `certificate ${serial}` : inertName(name), level }
}

export function accountHandlers({ gate, store, now }: GateOptions) {
  const show: RequestHandler = async (request, response) => {
    const entry = await gate.renew(gateToken(request) ?? '')
    if (!entry) return showWithout(request, response)
    setGateCookie(response, entry, now())
    const left = await store.gate.users.recoveryCodesLeft(entry.session.userId)
    if (wantsPage(request)) sendPage(request, response, 'gate-account', accountPage(entry.session, left))
    else send(response, { json: sessionJson(entry.session, left) })
  }

  /** Without a session there is the certificate, or nobody. */
  function showWithout(request: Request, response: Response): void {
    const person = certified(callerIn(request))
    const isPage = wantsPage(request)
    if (person && isPage) sendPage(request, response, 'gate-account', { title: person.user, session: null })
    else if (person) send(response, { json: person })
    else if (isPage) response.redirect(303, './login')
    else throw loginRequired()
  }

  /** For proxies that ask for each request: who passes. */
  const verify: RequestHandler = async (request, response) => {
    const person = certified(callerIn(request)) ?? (await loggedIn(gateToken(request) ?? ''))
    if (!person) throw loginRequired()
    // Octets of UTF-8, as the proxies of ours send it; Node takes one character for each octet.
    response.set(GATE.remoteUser, Buffer.from(person.user).toString('latin1'))
    response.set(GATE.remoteLevel, person.level)
    response.end()
  }

  async function loggedIn(token: string): Promise<Passing | undefined> {
    const session = await gate.who(token)
    return session && { user: session.name, level: gateLevelOf(session.means) }
  }

  return { show, verify }
}
