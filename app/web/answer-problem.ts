import { STATUS_CODES } from 'node:http'
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express'
import { PkiError } from '../../pki/errors.ts'
import { inertJson, inertText } from '../../pki/inert-text.ts'
import { AppError } from '../errors.ts'
import { CHALLENGE } from '../identity/challenge.ts'
import { identificationOf } from '../identity/identification.ts'
import { reasonOf } from '../identity/reasons.ts'
import type { Logger } from '../logger.ts'
import { untilBodySent } from './bound-body.ts'
import { type NextSteps, stepText } from './next-steps.ts'
import { renderPage } from './views.ts'
import { wantsPage } from './wants-page.ts'

interface Problem {
  readonly code: string
  readonly status: number
  readonly title: string
  readonly message: string
}

const inJson = new WeakSet<Request>()

/** Problems of an API are JSON for everybody but browsers, whatever `Accept` says. */
export const answerInJson: RequestHandler = (request, _response, next) => {
  inJson.add(request)
  next()
}

/** What Express and Node throw for bad requests carries a status; everything else is a fault of ours. */
function known(error: unknown): Problem | undefined {
  if (error instanceof AppError) return error
  // What the authority refuses in its input; its other failures are not the caller's.
  if (error instanceof PkiError && error.isUsage) {
    return { code: error.code, status: 400, title: 'Not acceptable', message: error.message }
  }
  const { status, type, message } = (error ?? {}) as { status?: unknown; type?: unknown; message?: unknown }
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined
  if (type === 'entity.parse.failed') return new AppError('BODY_INVALID', `The body is not JSON: ${message}.`)
  if (status === 413)
    return new AppError('BODY_TOO_LARGE', 'The request body is larger than this address takes.')
  return new AppError('REQUEST_INVALID', 'The request cannot be understood.', { cause: error })
}

function send(problem: Problem, nextSteps: NextSteps, request: Request, response: Response): void {
  const { code, status, title, message } = problem
  const steps = nextSteps(reasonOf(code)?.next ?? [])
  const detail = [message, ...steps.map(stepText)].join(' ')
  const requestId = identificationOf(request)?.requestId ?? null
  if (status === 401) response.set('WWW-Authenticate', CHALLENGE)
  response.set('Cache-Control', 'no-store').status(status)
  if (wantsPage(request)) {
    response
      .type('text/html')
      .send(renderPage('problem', request, { title, status, code, message, steps, requestId }))
  } else if (inJson.has(request) || request.headers.accept?.includes('json')) {
    const body = { type: 'about:blank', title, status, detail, code, requestId }
    response.type('application/problem+json').send(`${inertJson(JSON.stringify(body))}\n`)
  } else response.type('text/plain').send(`${inertText(detail)}\n`)
}

/** RFC 9457 problem details for API clients, a page for browsers, one line of text for everybody else. */
export function answerProblem(logger: Logger, nextSteps: NextSteps): ErrorRequestHandler {
  return async function answerRequestProblem(error: unknown, request, response, _next) {
    const problem = known(error) ?? new AppError('INTERNAL', `${STATUS_CODES[500]}: this is on record.`)
    if (problem.code === 'INTERNAL') {
      logger.error({ err: error, requestId: identificationOf(request)?.requestId }, 'request failed')
    }
    if (response.headersSent) {
      response.destroy()
      return
    }
    await untilBodySent(request, response)
    send(problem, nextSteps, request, response)
  }
}
