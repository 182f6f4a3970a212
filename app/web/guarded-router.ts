import { type RequestHandler, Router } from 'express'
import { ADMIN_ORGANISATION, DEFAULT_ORGANISATION } from '../../pki/organisations.ts'
import { identityOf } from '../identity/identification.ts'
import { greeting } from './greeting.ts'
import { guardOf } from './guard-of.ts'
import { onlyReading } from './only-methods.ts'
import type { RefusalListener } from './refuse-cross-site.ts'
import { renderPage } from './views.ts'
import { wantsPage } from './wants-page.ts'

/** What guards are for, to try out: by level, and by organisation. */
const GUARDED = [
  { path: '/tlsauth/test/admins/', wanted: { level: 'admin' }, whose: ADMIN_ORGANISATION },
  {
    path: '/tlsauth/test/gatehouse/',
    wanted: { organisation: DEFAULT_ORGANISATION },
    whose: DEFAULT_ORGANISATION,
  },
] as const

export function guardedRouter(listener: RefusalListener): Router {
  const router = Router({ caseSensitive: true, strict: true })
  for (const { path, wanted, whose } of GUARDED) {
    router
      .route(path)
      .get(guardOf(wanted, path, listener), showRoom(whose))
      .all(onlyReading)
  }
  return router
}

function showRoom(whose: string): RequestHandler {
  const about = `This is for ${whose} only.`
  return function showGuarded(request, response) {
    const title = greeting(identityOf(request))
    if (wantsPage(request)) {
      response.type('text/html').send(renderPage('guarded', request, { title, about }))
    } else response.type('text/plain').send(`${title} ${about}\n`)
  }
}
