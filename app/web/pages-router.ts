import { type RequestHandler, Router } from 'express'
import { inertJson } from '../../pki/inert-text.ts'
import { assuredIdentificationOf, identityOf } from '../identity/identification.ts'
import { greeting } from './greeting.ts'
import { homePage } from './home-page.ts'
import type { NextSteps } from './next-steps.ts'
import { onlyReading } from './only-methods.ts'
import { renderPage } from './views.ts'
import { wantsPage } from './wants-page.ts'

const whoami: RequestHandler = (request, response) => {
  response.type('application/json').send(`${inertJson(JSON.stringify(identityOf(request)))}\n`)
}

/** `GET /` greets, `GET /whoami` says what is known of the caller. */
export function pagesRouter(nextSteps: NextSteps, now: () => Date): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const home: RequestHandler = (request, response) => {
    const caller = assuredIdentificationOf(request)
    if (wantsPage(request)) {
      response.type('text/html').send(renderPage('home', request, homePage(caller, nextSteps, now())))
    } else response.type('text/plain').send(`${greeting(caller.identity)}\n`)
  }
  router.route('/').get(home).all(onlyReading)
  router.route('/whoami').get(whoami).all(onlyReading)
  return router
}
