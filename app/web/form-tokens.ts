import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import { AppError } from '../errors.ts'
import type { Gate } from '../gate/gate.ts'
import { identificationOf } from '../identity/identification.ts'
import type { OpenGateSession } from '../store/gate-store.ts'
import type { Store } from '../store/store.ts'
import { gateToken } from './gate/gate-cookie.ts'
import { readForm } from './read-small-form.ts'
import { isReading } from './refuse-cross-site.ts'
import { wantsPage } from './wants-page.ts'

/** Of forms; a script of a page sends the header. */
export const FORM_TOKEN_FIELD = 'csrf'
const HEADER = 'x-csrf-token'

const COOKIE = '__Host-gatehouse-visitor'
const COOKIE_ATTRIBUTES = { secure: true, httpOnly: true, sameSite: 'lax', path: '/' } as const
const VISITOR = /^[\w-]{43}$/

interface Visit {
  readonly session: OpenGateSession | undefined
  /** Gives nobody a cookie, by which he is known again. */
  readonly token: () => string
  readonly isOurs: (sent: unknown) => boolean
}

const visits = new WeakMap<Request, Visit>()

/** One for all processes on a store, so that a form outlives the process that showed it. */
export async function openFormKey({ settings }: Pick<Store, 'settings'>): Promise<Buffer> {
  return Buffer.from(await settings.ensure('form-key', randomBytes(32).toString('base64')), 'base64')
}

/**
 * Knows a page's visitor again when he sends its form: by his certificate, his login or, of nobody, a cookie. All that he
 * is counts, so that a form still works after its reader has logged in.
 */
export function formTokens(key: Buffer, gate: Gate | undefined): RequestHandler {
  const tokenOf = (who: string) => createHmac('sha256', key).update(who).digest('base64url')

  return async function rememberVisit(request, response, next) {
    if (!wantsPage(request) && !isFromPage(request)) return next()
    const session = await gate?.who(gateToken(request) ?? '')
    const tokens = whoAsks(request, session).map(tokenOf)
    let token = tokens[0]
    visits.set(request, {
      session,
      token() {
        token ??= tokenOf(`visitor ${newVisitor(response)}`)
        return token
      },
      isOurs: sent => typeof sent === 'string' && tokens.some(each => isSame(each, sent)),
    })
    next()
  }
}

function whoAsks(request: Request, session: OpenGateSession | undefined): readonly string[] {
  const fingerprint = identificationOf(request)?.identity.fingerprint256
  const visitor = visitorOf(request)
  return [
    ...(fingerprint ? [`certificate ${fingerprint}`] : []),
    ...(session ? [`session ${session.id}`] : []),
    ...(visitor === undefined ? [] : [`visitor ${visitor}`]),
  ]
}

function visitorOf({ headers }: Request): string | undefined {
  const pairs = headers.cookie?.split(';').map(pair => pair.trim()) ?? []
  const values = pairs
    .filter(pair => pair.startsWith(`${COOKIE}=`))
    .map(pair => pair.slice(COOKIE.length + 1))
  return values.length === 1 && VISITOR.test(values[0] ?? '') ? values[0] : undefined
}

function newVisitor(response: Response): string {
  const visitor = randomBytes(32).toString('base64url')
  response.cookie(COOKIE, visitor, COOKIE_ATTRIBUTES)
  return visitor
}

function isSame(expected: string, got: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(got)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** For the forms of a page. */
export function formTokenOf(request: Request): string {
  return visits.get(request)?.token() ?? ''
}

export function sessionOf(request: Request): OpenGateSession | undefined {
  return visits.get(request)?.session
}

/**
 * Browsers add one of these to whatever a page sends, and no page can keep them from it. Programs send neither: those
 * on Node's `fetch` have `Sec-Fetch-Mode` only.
 */
function isFromPage({ headers }: Request): boolean {
  return headers.origin !== undefined || headers['sec-fetch-site'] !== undefined
}

/** @throws AppError FORM_TOKEN_WRONG, if a page has sent this without the token of its visitor */
export function assertFormToken(request: Request, token: unknown): void {
  if (!isFromPage(request) || visits.get(request)?.isOurs(request.headers[HEADER] ?? token)) return
  throw new AppError(
    'FORM_TOKEN_WRONG',
    'Nothing was changed: this form is not from a page that was shown to you as you are now, or it is too old. Open its page again and send it from there.',
  )
}

/**
 * Refuses what a page sends without its token, before anything is done. The token is taken out of a form, whose fields
 * are all known otherwise. @param readsItself whether the route reads the form, and calls `assertFormToken`
 */
export function requireFormToken(readsItself: (request: Request) => boolean): RequestHandler[] {
  const concerns = (request: Request) => !isReading(request) && isFromPage(request) && !readsItself(request)
  return [
    (request, response, next) => (concerns(request) ? readForm(request, response, next) : next()),
    function checkFormToken(request, _response, next) {
      if (!concerns(request)) return next()
      const { [FORM_TOKEN_FIELD]: token, ...form } = request.body ?? {}
      assertFormToken(request, token)
      if (token !== undefined) request.body = form
      next()
    },
  ]
}
