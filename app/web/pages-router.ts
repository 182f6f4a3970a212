import { type RequestHandler, Router } from 'express'
import { inertJson } from '../../pki/inert-text.ts'
import { assuredIdentificationOf, identityOf } from '../identity/identification.ts'
import { greeting } from './greeting.ts'
import { type HomeOptions, homePage } from './home-page.ts'
import { onlyReading } from './only-methods.ts'
import { renderPage } from './views.ts'
import { wantsPage } from './wants-page.ts'

const whoami: RequestHandler = (request, response) => {
  response.type('application/json').send(`${inertJson(JSON.stringify(identityOf(request)))}\n`)
}

interface PagesOptions extends Omit<HomeOptions, 'now'> {
  readonly now: () => Date
}

/** `GET /` greets, `GET /whoami` says what is known of the caller. */
export function pagesRouter({ nextSteps, site, now }: PagesOptions): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const home: RequestHandler = (request, response) => {
    const caller = assuredIdentificationOf(request)
    if (wantsPage(request)) {
      const page = homePage(caller, { nextSteps, site, now: now() })
      response.type('text/html').send(renderPage('home', request, page))
    } else response.type('text/plain').send(`${greeting(caller.identity)}\n`)
  }
  router.route('/').get(home).all(onlyReading)
  router.route('/whoami').get(whoami).all(onlyReading)
  return router
}
