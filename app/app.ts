import express, { type Express, type Request, type RequestHandler } from 'express'
import passport from 'passport'
import type { Authority } from './authority/authority.ts'
import type { Caller } from './authority/caller.ts'
import { revocationOf } from './authority/revoke.ts'
import type { Config } from './config.ts'
import { AppError } from './errors.ts'
import type { Gate } from './gate/gate.ts'
import { identificationOf } from './identity/identification.ts'
import { requireIdentity } from './identity/require-identity.ts'
import { clientCertificateStrategy, STRATEGY_NAME } from './identity/strategy.ts'
import { createAuditLog, type Logger } from './logger.ts'
import type { Metrics } from './metrics.ts'
import type { Pastebin } from './pastes/pastebin.ts'
import type { Store } from './store/store.ts'
import { adminRouter } from './web/admin/admin-router.ts'
import { answerInJson, answerProblem } from './web/answer-problem.ts'
import type { ApiDependencies } from './web/api/api-dependencies.ts'
import { API_PATHS, apiRouter } from './web/api/api-router.ts'
import { type BodyBounds, boundBody } from './web/bound-body.ts'
import { formTokens, requireFormToken } from './web/form-tokens.ts'
import { gateToken } from './web/gate/gate-cookie.ts'
import { gateRouter } from './web/gate/gate-router.ts'
import { guardedRouter } from './web/guarded-router.ts'
import { identityHeaders } from './web/identity-headers.ts'
import type { Site } from './web/navigation.ts'
import { createNextSteps } from './web/next-steps.ts'
import { observeRequests } from './web/observe-requests.ts'
import { operationsRouter } from './web/operations-router.ts'
import { pagesRouter } from './web/pages-router.ts'
import { createHandOvers } from './web/portal/hand-overs.ts'
import { portalRouter } from './web/portal/portal-router.ts'
import { type ProxyListOptions, proxyListRouter } from './web/proxy-list-router.ts'
import { createRateLimits } from './web/rate-limits.ts'
import { refuseCrossSite } from './web/refuse-cross-site.ts'
import { refuseMisdirected } from './web/refuse-misdirected.ts'
import { scriptRouter } from './web/script-router.ts'
import { securityHeaders } from './web/security-headers.ts'
import { stylesheetRouter } from './web/stylesheet-router.ts'
import { tlsauthRouter } from './web/tlsauth/tlsauth-router.ts'

export interface AppDependencies {
  readonly config: Config
  readonly logger: Logger
  readonly metrics: Metrics
  readonly store: Store
  readonly authority: Authority
  /** `undefined`: there is none. */
  readonly gate: Gate | undefined
  readonly pastebin: Pastebin
  /** Of the tokens in forms. */
  readonly formKey: Buffer
  readonly clientCa: Pick<ApiDependencies, 'issuer' | 'isSigning'>
  /** For the trail in the store: what happens on requests and decides nothing. */
  readonly onAudit: (event: { readonly event: string } & Readonly<Record<string, unknown>>) => void
  readonly isReady: () => boolean | Promise<boolean>
  readonly now: () => Date
}

// Our own choice: a signing request of RSA-4096 with a page of names takes a tenth of it.
const BODY: BodyBounds = { octets: 64 * 1024, ms: 60_000 }
// What the proxies let through: the largest paste, in a form. The time is that of a line with half a megabit a second.
const UPLOAD: BodyBounds = { octets: 51 * 1024 * 1024, ms: 15 * 60_000, isOnDemand: true }

/** The application; what happens to a request, in this order. */
export function createApp(dependencies: AppDependencies): Express {
  const { config, logger, metrics, gate, isReady, now } = dependencies
  const app = express()
  // A validator over a page about somebody is of no use to anybody, and hashing costs more than greeting.
  app.disable('etag')
  app.enable('case sensitive routing')
  app.enable('strict routing')

  const { front } = config
  const api = apiOptions(dependencies)
  const canEnrol = dependencies.clientCa.isSigning && config.clientCert === 'optional'
  const nextSteps = createNextSteps(canEnrol)
  const site: Site = { hasGate: gate !== undefined, canEnrol }
  app.locals.site = site
  app.use(observeRequests(logger, metrics))
  app.use(securityHeaders(front === 'direct'))
  app.use([...API_PATHS], answerInJson)
  app.use(boundBody(request => (isUpload(request) ? UPLOAD : BODY)))
  app.use(operationsRouter({ front, metrics, isReady }))
  for (const list of proxyLists(dependencies)) app.use(proxyListRouter(list))
  app.use(stylesheetRouter())
  app.use(scriptRouter())
  app.use(identifyCaller(dependencies))
  app.use(identityHeaders)
  app.use(formTokens(dependencies.formKey, gate))
  if (front === 'direct') app.use(refuseMisdirected)
  app.use(refuseRevoked)
  if (config.clientCert === 'require') app.use(refuseUntrusted)
  app.use(refuseCrossSite(api))
  app.use(requireFormToken(isUpload))
  app.use(pagesRouter({ nextSteps, site, now }))
  app.use(apiRouter(api))
  const handOvers = createHandOvers()
  app.use(tlsauthRouter(api, handOvers))
  app.use(portalRouter(api, handOvers))
  app.use(adminRouter({ ...api, metrics }))
  if (gate) app.use(gateRouter({ ...api, gate }))
  app.use(guardedRouter(api))
  app.use(refuseUnknownPath)
  app.use(answerProblem(logger, nextSteps))
  return app
}

function isUpload({ method, path }: Request): boolean {
  return method === 'POST' && path === '/pastes'
}

/** In direct mode there is no proxy to follow any. */
function proxyLists({ config, store, authority, gate }: AppDependencies): readonly ProxyListOptions[] {
  if (config.front !== 'proxy') return []
  const { proxySecrets } = config
  const revoked = { path: '/pki/revoked', name: 'revoked', list: store.proxyList } as const
  const ended = { path: '/_auth/ended', name: 'ended', list: store.gate.ended } as const
  return [
    { proxySecrets, ...revoked, proxies: authority.proxies },
    ...(gate ? [{ proxySecrets, ...ended, proxies: gate.proxies }] : []),
  ]
}

function identifyCaller(dependencies: AppDependencies): RequestHandler {
  const { config, logger, metrics, store, gate, onAudit, now } = dependencies
  const authenticator = new passport.Passport()
  const log = createAuditLog(logger)
  authenticator.use(
    clientCertificateStrategy({
      front: config.front,
      clientCa: config.clientCa,
      ...(config.front === 'proxy' && { proxySecrets: config.proxySecrets }),
      // Everybody is greeted; what is not for everybody has a guard of its own.
      level: 'anonymous',
      revocationOf: serial => revocationOf(store, serial, now()),
      ...(gate?.rules.isForAdministrators && {
        isConfirmed: (request, identity) => gate.isOf(gateToken(request) ?? '', identity),
      }),
      audit(event) {
        log(event)
        metrics.countAudit(event.event, event.code ?? '')
        onAudit({ ...event })
      },
      now,
    }),
  )
  return authenticator.authenticate(STRATEGY_NAME, { session: false, authInfo: false })
}

function apiOptions(dependencies: AppDependencies) {
  const { config, store, authority, gate, pastebin, clientCa, onAudit, now } = dependencies
  return {
    store,
    authority,
    gate,
    pastebin,
    ...clientCa,
    now,
    limits: createRateLimits({
      enrolments: config.enrolment.perMinute,
      uploads: config.pastes.perMinute,
    }),
    onRefused({ identity, address, requestId, via }: Caller, refusal: Readonly<Record<string, unknown>>) {
      const { level, name, serial, fingerprint256 } = identity
      onAudit({
        event: 'ACCESS_REFUSED',
        level,
        name,
        serial,
        fingerprint256,
        address,
        requestId,
        via,
        ...refusal,
      })
    },
  }
}

const refuseRevoked: RequestHandler = (request, _response, next) => {
  const { failure } = identificationOf(request) ?? {}
  if (failure?.code !== 'CERT_REVOKED') return next()
  next(new AppError('CERT_REVOKED', failure.reason))
}

// Its status and its beginning are those of the proxies' own answer.
const CERT_REQUIRED =
  "A client certificate issued by this site's client CA is required. An administrator can issue one; a browser that was told to send none asks again after it was closed."

const refuseUntrusted = requireIdentity({
  level: 'trusted',
  otherwise(_request, _response, next, { code, detail }) {
    next(code === 'CERT_MISSING' ? new AppError('CERT_REQUIRED', CERT_REQUIRED) : new AppError(code, detail))
  },
})

const refuseUnknownPath: RequestHandler = (_request, _response, next) => {
  next(new AppError('NOT_FOUND', 'There is nothing at this address.'))
}
