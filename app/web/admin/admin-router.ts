import { type Request, type RequestHandler, Router } from 'express'
import { callerOf } from '../../authority/caller.ts'
import { assuredIdentificationOf } from '../../identity/identification.ts'
import { guardOf } from '../guard-of.ts'
import { onlyMethods, onlyReading } from '../only-methods.ts'
import { readForm } from '../read-small-form.ts'
import { renderPage } from '../views.ts'
import type { AdminOptions, AdminPage } from './admin-page.ts'
import { auditPages } from './audit-pages.ts'
import { certificatePages } from './certificate-pages.ts'
import { dashboardPages } from './dashboard-pages.ts'
import { gatePages } from './gate-pages.ts'
import { requestPages } from './request-pages.ts'

/** What only administrators see; each page decides by the API's own rules. */
export function adminRouter(options: AdminOptions): Router {
  const router = Router({ caseSensitive: true, strict: true })
  // For all that begins so, whether there is such a page or not: none can be left without it.
  router.use('/admin', options.limits.anybody, guardOf({ level: 'admin' }, '/admin/', options))
  router.get('/admin', (_request, response) => response.redirect(308, 'admin/'))
  const pages = [dashboardPages, requestPages, certificatePages, gatePages, auditPages]
  for (const page of pages.flatMap(make => make(options))) {
    const place = router.route(page.path)
    if (page.method === 'get') place.get(answering(page, options)).all(onlyReading)
    else place.post(readForm, answering(page, options)).all(onlyMethods('POST'))
  }
  return router
}

function answering({ answer }: AdminPage, { store, gate }: AdminOptions): RequestHandler {
  return async function answerAdministrator(request, response) {
    const { id = '' } = request.params
    const caller = callerOf(assuredIdentificationOf(request))
    const { query, body: form = {} } = request
    const reply = await answer({ request, caller, id: String(id), query, form })
    if ('seeOther' in reply) return response.redirect(303, reply.seeOther)
    const { view, data } = reply
    const tabs = tabsOf(request, await store.requests.countWaiting(), gate !== undefined)
    response.type('text/html').send(renderPage(view, request, { isWide: true, ...data, tabs }))
  }
}

function tabsOf({ path }: Request, waiting: number, hasGate: boolean) {
  const tabs = [
    { path: 'admin/', label: 'Overview' },
    { path: 'admin/requests/', label: 'Requests', count: waiting },
    { path: 'admin/certificates/', label: 'Certificates' },
    ...(hasGate ? [{ path: 'admin/gate/', label: 'Gate' }] : []),
    { path: 'admin/audit/', label: 'Audit' },
  ]
  const isCurrent = (place: string) => path === place || (place !== '/admin/' && path.startsWith(place))
  return tabs.map(tab => ({ count: 0, ...tab, isCurrent: isCurrent(`/${tab.path}`) }))
}
