import express, { type Request, type RequestHandler, Router } from 'express'
import { callerOf } from '../../authority/caller.ts'
import { AppError } from '../../errors.ts'
import { assuredIdentificationOf, type Identification } from '../../identity/identification.ts'
import { whyWithheld } from '../../identity/refusal.ts'
import { guardOf } from '../guard-of.ts'
import { onlyMethods } from '../only-methods.ts'
import type { RateLimits } from '../rate-limits.ts'
import type { RefusalListener } from '../refuse-cross-site.ts'
import { wantsPage } from '../wants-page.ts'
import type { ApiDependencies } from './api-dependencies.ts'
import { auditRoutes } from './audit-routes.ts'
import { caRoutes } from './ca-routes.ts'
import { certificateRoutes } from './certificate-routes.ts'
import { gateRoutes } from './gate-routes.ts'
import { openApi } from './open-api.ts'
import { parseBody, parseQuery } from './parse-input.ts'
import { pasteRoutes } from './paste-routes.ts'
import { ENDED_LIST, REVOKED_LIST } from './proxy-list.ts'
import { registerRoutes } from './register-routes.ts'
import { requestRoutes } from './request-routes.ts'
import { revocationRoutes } from './revocation-routes.ts'
import type { Route } from './route.ts'
import { send } from './send.ts'

export interface ApiOptions extends ApiDependencies, RefusalListener {
  readonly limits: RateLimits
}

/** Everything below these is the API: what goes wrong there is told in JSON, wherever it is noticed. */
export const API_PATHS: readonly string[] = ['/pki', '/register', '/pastes', '/openapi.json', '/_auth']

/** The PKI API: each route guarded, limited and validated as its row says. */
export function apiRouter(options: ApiOptions): Router {
  const routes = [
    caRoutes,
    certificateRoutes,
    revocationRoutes,
    requestRoutes,
    registerRoutes,
    auditRoutes,
    gateRoutes,
    pasteRoutes,
  ].flatMap(make => make(options))
  const router = Router({ caseSensitive: true, strict: true })
  for (const [path, ofPath] of Map.groupBy(routes, route => route.path)) {
    const mark = ofPath.some(({ takesRest }) => takesRest) ? '*' : ':'
    const place = router.route(path.replaceAll(/\{(\w+)\}/g, `${mark}$1`))
    for (const route of ofPath) place[route.method](...handlers(route, options))
    place.all(onlyMethods(...methodsOf(ofPath)))
  }
  const description = JSON.stringify(
    openApi([...routes, REVOKED_LIST, ...(options.gate ? [ENDED_LIST] : [])]),
  )
  const describe: RequestHandler = (_request, response) => {
    response.type('application/json').send(description)
  }
  router.route('/openapi.json').get(describe).all(onlyMethods('GET', 'HEAD'))
  return router
}

// Our own choice: more than any OCSP request that is answered.
const OCTETS_LIMIT = 16 * 1024

const readJson = express.json({ limit: 64 * 1024, strict: true })

function handlers(route: Route, options: ApiOptions): RequestHandler[] {
  const { limits } = options
  return [
    limits.anybody,
    ...(route.isEnrolment ? [limits.enrolment] : []),
    ...(route.isUpload ? [limits.uploads] : []),
    ...guardsOf(route, options),
    ...(route.body ? [readJson] : []),
    ...(route.octets === undefined ? [] : [express.raw({ limit: OCTETS_LIMIT, type: route.octets })]),
    answer(route),
  ]
}

function guardsOf({ level, path, isPageForAll }: Route, options: RefusalListener): RequestHandler[] {
  if (level === 'anonymous') return []
  const guard = guardOf({ level }, path, options)
  if (!isPageForAll) return [guard]
  return [(request, response, next) => (wantsPage(request) ? next() : guard(request, response, next))]
}

function answer(route: Route): RequestHandler {
  return async function answerRoute(request, response) {
    const identification = assuredIdentificationOf(request)
    const call = {
      body: parseBody(route, request),
      query: parseQuery(route, request),
      params: paramsOf(request),
      caller: callerOf(identification),
      request,
    }
    const reply = await route.handle(call).catch(error => {
      throw notToBeSeen(error, identification)
    })
    await send(response, reply)
  }
}

/** What an administrator may see, and this one not yet, is not unknown: he may be about to revoke it. */
function notToBeSeen(error: unknown, identification: Identification): unknown {
  const why = whyWithheld(identification, 'admin')
  const isUnseen = error instanceof AppError && error.code === 'CERT_UNKNOWN'
  return why && isUnseen ? new AppError(why.code, why.detail) : error
}

/** What may have slashes in it comes in parts. */
function paramsOf({ params }: Request): Record<string, string> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, [value].flat().join('/')]))
}

function methodsOf(routes: readonly Route[]): readonly string[] {
  return routes.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
}
