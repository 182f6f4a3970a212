import express, { type RequestHandler, Router } from 'express'
import type { Caller } from '../../authority/caller.ts'
import { callerOf } from '../../authority/caller.ts'
import { AppError } from '../../errors.ts'
import { identificationOf } from '../../identity/identification.ts'
import { requireIdentity } from '../../identity/require-identity.ts'
import { inertJson } from '../../inert.ts'
import { answerInJson } from '../answer-problem.ts'
import type { RateLimits } from '../rate-limits.ts'
import type { ApiDependencies } from './api-dependencies.ts'
import { auditRoutes } from './audit-routes.ts'
import { caRoutes } from './ca-routes.ts'
import { certificateRoutes } from './certificate-routes.ts'
import { openApi } from './open-api.ts'
import { parseBody, parseQuery } from './parse-input.ts'
import { registerRoutes } from './register-routes.ts'
import { requestRoutes } from './request-routes.ts'
import type { Reply, Route } from './route.ts'

export interface ApiOptions extends ApiDependencies {
  readonly limits: RateLimits
  /** A guard has refused somebody. */
  readonly onRefused: (caller: Caller, refusal: { readonly code: string; readonly path: string }) => void
}

/** The PKI API: each route guarded, limited and validated as its row says. */
export function apiRouter(options: ApiOptions): Router {
  const routes = [caRoutes, certificateRoutes, requestRoutes, registerRoutes, auditRoutes].flatMap(make =>
    make(options),
  )
  const router = Router({ caseSensitive: true, strict: true })
  for (const [path, ofPath] of Map.groupBy(routes, route => route.path)) {
    const place = router.route(path.replaceAll(/\{(\w+)\}/g, ':$1'))
    place.all(answerInJson)
    for (const route of ofPath) place[route.method](...handlers(route, options))
    place.all(onlyMethods(ofPath))
  }
  const description = JSON.stringify(openApi(routes))
  router.get('/openapi.json', (_request, response) => {
    response.type('application/json').send(description)
  })
  return router
}

const readJson = express.json({ limit: 64 * 1024, strict: true })

function handlers(route: Route, { limits, onRefused }: ApiOptions): RequestHandler[] {
  const guard = requireIdentity({
    level: route.level,
    otherwise(request, _response, next, why) {
      const identification = identificationOf(request)
      if (identification) onRefused(callerOf(identification), { code: why.code, path: route.path })
      next(new AppError(why.code, why.detail))
    },
  })
  return [
    limits.anybody,
    ...(route.isEnrolment ? [limits.enrolment] : []),
    ...(route.level === 'anonymous' ? [] : [guard]),
    ...(route.body ? [readJson] : []),
    answer(route),
  ]
}

function answer(route: Route): RequestHandler {
  return async function answerRoute(request, response) {
    const identification = identificationOf(request)
    if (!identification) throw new Error('Nobody is identified before the API.')
    const reply = await route.handle({
      body: parseBody(route, request),
      query: parseQuery(route, request),
      params: request.params as Record<string, string>,
      caller: callerOf(identification),
      request,
    })
    send(response, reply)
  }
}

export function send(response: express.Response, reply: Reply): void {
  response.status(reply.status ?? 200)
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value)
  if ('json' in reply) response.type('application/json').send(`${inertJson(JSON.stringify(reply.json))}\n`)
  else {
    response.setHeader('Content-Type', reply.type)
    response.end(reply.octets)
  }
}

function onlyMethods(routes: readonly Route[]): RequestHandler {
  const methods = routes.flatMap(({ method }) => (method === 'get' ? ['GET', 'HEAD'] : ['POST']))
  return function refuseMethod(request, response) {
    response.set('Allow', methods.join(', '))
    throw new AppError('METHOD_NOT_ALLOWED', `This address takes ${methods.join(' and ')}, not ${request.method}.`)
  }
}
