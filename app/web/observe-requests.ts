import type { Request, RequestHandler } from 'express'
import { identificationOf } from '../identity/identification.ts'
import type { Logger } from '../logger.ts'
import type { Metrics } from '../metrics.ts'

// Asked every few seconds by proxies and orchestrators: of interest only when something is looked for.
const LONG_POLL = '/pki/revoked'
const ROUTINE: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics', LONG_POLL])

function pathOf(request: Request): string {
  const end = request.originalUrl.indexOf('?')
  return end < 0 ? request.originalUrl : request.originalUrl.slice(0, end)
}

/**
 * One access line and one observation for each request, when the answer has ended or the caller has gone.
 * Without the query: it is where secrets end up by mistake.
 */
export function observeRequests(logger: Logger, metrics: Metrics): RequestHandler {
  return function observeRequest(request, response, next) {
    const started = performance.now()
    response.once('close', () => {
      const ms = performance.now() - started
      const identification = identificationOf(request)
      const { identity, presented, requestId } = identification ?? {}
      const { method } = request
      const path = pathOf(request)
      const status = response.statusCode
      const seconds = path === LONG_POLL ? undefined : ms / 1000
      metrics.observe({ method, status, level: identity?.level ?? 'none', seconds })
      // Whoever is identified is none of those, and is told that there is nothing there.
      const isRoutine = ROUTINE.has(path) && !identification
      logger[isRoutine ? 'debug' : 'info']({
        kind: 'access',
        method,
        path,
        status,
        ms: Math.round(ms * 1000) / 1000,
        requestId: requestId ?? null,
        level: identity?.level ?? null,
        serial: presented?.serial ?? null,
        fingerprint256: presented?.fingerprint256 ?? null,
        via: identity?.via ?? null,
        ...(response.writableFinished ? {} : { aborted: true }),
      })
    })
    next()
  }
}
