import express, { type Express, type RequestHandler } from 'express'
import passport from 'passport'
import type { Config } from './config.ts'
import { AppError } from './errors.ts'
import { requireIdentity } from './identity/require-identity.ts'
import { clientCertificateStrategy, STRATEGY_NAME } from './identity/strategy.ts'
import { createAuditLog, type Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'
import { answerProblem } from './web/answer-problem.ts'
import { boundBody } from './web/bound-body.ts'
import { identityHeaders } from './web/identity-headers.ts'
import { observeRequests } from './web/observe-requests.ts'
import { operationsRouter } from './web/operations-router.ts'
import { pagesRouter } from './web/pages-router.ts'
import { refuseMisdirected } from './web/refuse-misdirected.ts'
import { securityHeaders } from './web/security-headers.ts'
import { stylesheetRouter } from './web/stylesheet-router.ts'

export interface AppDependencies {
  readonly config: Config
  readonly logger: Logger
  readonly metrics: Metrics
  readonly isReady: () => boolean
  readonly now: () => Date
}

// Our own choice: no route takes a body yet.
const BODY_LIMIT = 64 * 1024

/** The application; what happens to a request, in this order. */
export function createApp({ config, logger, metrics, isReady, now }: AppDependencies): Express {
  const app = express()
  // A validator over a page about somebody is of no use to anybody, and hashing costs more than greeting.
  app.disable('etag')
  app.enable('case sensitive routing')
  app.enable('strict routing')

  const { front } = config
  app.use(observeRequests(logger, metrics))
  app.use(securityHeaders(front === 'direct'))
  app.use(boundBody(BODY_LIMIT))
  app.use(operationsRouter({ front, metrics, isReady }))
  app.use(stylesheetRouter())
  app.use(identifyCaller({ config, logger, metrics, now }))
  app.use(identityHeaders)
  if (front === 'direct') app.use(refuseMisdirected)
  if (config.clientCert === 'require') app.use(refuseUntrusted)
  app.use(pagesRouter(now))
  app.use(refuseUnknownPath)
  app.use(answerProblem(logger))
  return app
}

function identifyCaller({ config, logger, metrics, now }: Omit<AppDependencies, 'isReady'>): RequestHandler {
  const authenticator = new passport.Passport()
  const log = createAuditLog(logger)
  authenticator.use(
    clientCertificateStrategy({
      front: config.front,
      clientCa: config.clientCa,
      ...(config.front === 'proxy' && { proxySecrets: config.proxySecrets }),
      // Everybody is greeted; what is not for everybody has a guard of its own.
      level: 'anonymous',
      audit(event) {
        log(event)
        metrics.countAudit(event.event, event.code ?? '')
      },
      now,
    }),
  )
  return authenticator.authenticate(STRATEGY_NAME, { session: false, authInfo: false })
}

const refuseUntrusted = requireIdentity({
  level: 'trusted',
  otherwise: (_request, _response, next) =>
    next(new AppError('CERT_REQUIRED', "A client certificate issued by this site's client CA is required.")),
})

const refuseUnknownPath: RequestHandler = (_request, _response, next) => {
  next(new AppError('NOT_FOUND', 'There is nothing at this address.'))
}
