import type { Response } from 'express'
import { inertJson } from '../../../pki/inert-text.ts'
import { allowOwnScript } from '../security-headers.ts'
import { renderPage } from '../views.ts'
import { wantsPage } from '../wants-page.ts'
import type { Reply } from './route.ts'

export async function send(response: Response, reply: Reply): Promise<void> {
  response.status(reply.status ?? 200)
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value)
  if ('respond' in reply) return await reply.respond(response)
  if (reply.page && wantsPage(response.req)) {
    const { view, data } = reply.page
    if (data.script) allowOwnScript(response)
    response.type('text/html').send(renderPage(view, response.req, data))
  } else if ('octets' in reply) {
    response.setHeader('Content-Type', reply.type)
    response.end(reply.octets)
  } else response.type('application/json').send(`${inertJson(JSON.stringify(reply.json))}\n`)
}
