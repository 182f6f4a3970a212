import { STATUS_CODES } from 'node:http'
import type { ErrorRequestHandler, Request, Response } from 'express'
import { AppError } from '../errors.ts'
import { CHALLENGE } from '../identity/challenge.ts'
import { identificationOf } from '../identity/identification.ts'
import { inertJson } from '../inert.ts'
import type { Logger } from '../logger.ts'
import { renderPage, wantsPage } from './views.ts'

/** What Express and Node throw for bad requests carries a status; everything else is a fault of ours. */
function known(error: unknown): AppError | undefined {
  if (error instanceof AppError) return error
  const { status } = (error ?? {}) as { status?: unknown }
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined
  return new AppError('REQUEST_INVALID', 'The request cannot be understood.', { cause: error })
}

function send(problem: AppError, request: Request, response: Response): void {
  const { code, status, title, message: detail } = problem
  const requestId = identificationOf(request)?.requestId ?? null
  if (status === 401) response.set('WWW-Authenticate', CHALLENGE)
  response.set('Cache-Control', 'no-store').status(status)
  if (wantsPage(request)) {
    response
      .type('text/html')
      .send(renderPage('problem', request, { title, status, code, detail, requestId }))
  } else if (request.headers.accept?.includes('json')) {
    const body = { type: 'about:blank', title, status, detail, code, requestId }
    response.type('application/problem+json').send(`${inertJson(JSON.stringify(body))}\n`)
  } else response.type('text/plain').send(`${detail}\n`)
}

/** RFC 9457 problem details for API clients, a page for browsers, one line of text for everybody else. */
export function answerProblem(logger: Logger): ErrorRequestHandler {
  return function answerRequestProblem(error: unknown, request, response, _next) {
    const problem = known(error) ?? new AppError('INTERNAL', `${STATUS_CODES[500]}: this is on record.`)
    if (problem.code === 'INTERNAL') {
      logger.error({ err: error, requestId: identificationOf(request)?.requestId }, 'request failed')
    }
    if (response.headersSent) response.destroy()
    else send(problem, request, response)
  }
}
