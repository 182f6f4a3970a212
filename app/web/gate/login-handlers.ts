import type { Request, RequestHandler, Response } from 'express'
import { z } from 'zod'
import { AppError } from '../../errors.ts'
import type { LoginOutcome } from '../../gate/login.ts'
import type { Entry } from '../../gate/sessions.ts'
import { CHALLENGE } from '../../identity/challenge.ts'
import { parse } from '../api/parse-input.ts'
import { send } from '../api/send.ts'
import { wantsPage } from '../wants-page.ts'
import { clearGateCookie, gateToken, setGateCookie } from './gate-cookie.ts'
import { callerIn, type GateOptions, loginRequired, sendPage } from './gate-options.ts'
import { sessionJson } from './gate-replies.ts'
import { localPath } from './local-path.ts'

const LoginForm = z.strictObject({
  user: z.string().min(1).max(256),
  code: z.string().min(1).max(64),
  url: z.string().optional(),
})
type LoginForm = z.infer<typeof LoginForm>

const HELP = `Send your name and a code from your app, or a recovery code, and keep the cookie.

  curl -c cookies.txt --data-urlencode 'user=Ada Lovelace' -d code=123456 URL
`

/** Goes on to where the caller wanted to go; without that, to his account. */
function goOn(response: Response, url: unknown): void {
  response.redirect(303, url === undefined || url === '' ? './' : localPath(url))
}

function wantsJson({ headers }: Request): boolean {
  return headers.accept?.includes('json') === true
}

export function loginHandlers({ gate, store, now, onRefused }: GateOptions) {
  /** Whoever has a session goes on without being asked: this is where a proxy sends those whose token has expired. */
  const show: RequestHandler = async (request, response) => {
    const { url } = request.query
    const entry = await gate.renew(gateToken(request) ?? '')
    if (entry) {
      setGateCookie(response, entry, now())
      return goOn(response, url)
    }
    if (wantsPage(request)) return showForm(request, response, { url })
    if (wantsJson(request)) throw loginRequired()
    const help = HELP.replace('URL', `https://${request.headers.host}/_auth/login`)
    response.type('text/plain').send(help)
  }

  const logIn: RequestHandler = async (request, response) => {
    const form = parse(LoginForm, request.body ?? {}, 'form')
    const outcome = await gate.logIn(callerIn(request), form)
    if (outcome.kind === 'in') return await welcome(request, response, outcome.entry, form)
    const problem = problemOf(outcome, now())
    if (outcome.kind === 'delayed') {
      response.set('Retry-After', `${secondsUntil(outcome.until, now())}`)
      onRefused(callerIn(request), { code: problem.code, path: request.path })
    }
    if (!wantsPage(request)) throw problem
    if (problem.status === 401) response.set('WWW-Authenticate', CHALLENGE)
    response.status(problem.status)
    showForm(request, response, { ...form, problem: problem.message })
  }

  async function welcome(
    request: Request,
    response: Response,
    entry: Entry,
    { url }: LoginForm,
  ): Promise<void> {
    setGateCookie(response, entry, now())
    if (wantsPage(request)) return goOn(response, url)
    const left = await store.gate.users.recoveryCodesLeft(entry.session.userId)
    send(response, { json: sessionJson(entry.session, left) })
  }

  const logOut: RequestHandler = async (request, response) => {
    await gate.logOut(callerIn(request), gateToken(request) ?? '')
    clearGateCookie(response)
    // What a browser has kept of pages behind the gate, for its back button.
    response.set('Clear-Site-Data', '"cache"')
    if (wantsPage(request)) response.redirect(303, './login')
    else response.status(204).end()
  }

  return { show, logIn, logOut }
}

function showForm(
  request: Request,
  response: Response,
  { url, user = '', problem }: { readonly url?: unknown; readonly user?: string; readonly problem?: string },
): void {
  const target = url === undefined || url === '' ? '' : localPath(url)
  sendPage(request, response, 'gate-login', { title: 'Log in', url: target, user, problem })
}

function secondsUntil(time: number, now: Date): number {
  return Math.ceil((time - now.getTime()) / 1000)
}

function problemOf(outcome: Exclude<LoginOutcome, { kind: 'in' }>, now: Date): AppError {
  switch (outcome.kind) {
    case 'refused':
      return new AppError(
        'GATE_LOGIN_REFUSED',
        'The name or the code is wrong, or the code was used before. Wait for the next code, or use a recovery code.',
      )
    case 'ended':
      return new AppError(
        'GATE_CERT_ENDED',
        'The code is right, but the certificate with which you set it up is not good any more. Renew it, or ask an administrator for an invitation.',
      )
    case 'delayed':
      return new AppError(
        'GATE_DELAYED',
        `Wrong codes came too often, so that no code is taken until ${new Date(outcome.until).toISOString()}, not even a right one. Try again in ${secondsUntil(outcome.until, now)} seconds, or use a recovery code.`,
      )
  }
}
