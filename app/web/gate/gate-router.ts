import express, { type RequestHandler, Router } from 'express'
import { onlyMethods, onlyReading } from '../only-methods.ts'
import { accountHandlers } from './account-handlers.ts'
import type { GateOptions } from './gate-options.ts'
import { loginHandlers } from './login-handlers.ts'
import { setupHandlers } from './setup-handlers.ts'

// Our own choice: a name of 64 characters, each percent-encoded, and an address to go on to.
const FORM_LIMIT = 8 * 1024

const readForm: RequestHandler[] = [
  express.urlencoded({ extended: false, limit: FORM_LIMIT, parameterLimit: 10 }),
  express.json({ limit: FORM_LIMIT }),
]

/** Login by one-time codes, as pages and as JSON. No secret is in an address here, and nothing may be kept. */
export function gateRouter(options: GateOptions): Router {
  const { limits } = options
  const router = Router({ caseSensitive: true, strict: true })
  const login = loginHandlers(options)
  const setup = setupHandlers(options)
  const account = accountHandlers(options)
  const enrol = [limits.anybody, limits.enrolment, ...readForm]
  const readingAndPosting = onlyMethods('GET', 'HEAD', 'POST')

  const toAccount: RequestHandler = (_request, response) => response.redirect(308, '_auth/')
  router.route('/_auth').get(toAccount).all(onlyReading)
  router.route('/_auth/').get(limits.anybody, account.show).all(onlyReading)
  router.route('/_auth/verify').get(account.verify).all(onlyReading)
  router
    .route('/_auth/login')
    .get(limits.anybody, login.show)
    .post(limits.anybody, readForm, login.logIn)
    .all(readingAndPosting)
  router.route('/_auth/logout').post(limits.anybody, login.logOut).all(onlyMethods('POST'))
  router.route('/_auth/setup').get(limits.anybody, setup.show).post(enrol, setup.begin).all(readingAndPosting)
  router.route('/_auth/setup/confirm').post(enrol, setup.confirm).all(onlyMethods('POST'))
  return router
}
