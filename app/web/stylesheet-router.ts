import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type RequestHandler, Router } from 'express'
import { onlyReading } from './only-methods.ts'

const SOURCES = [
  import.meta.resolve('@picocss/pico/css/pico.classless.min.css'),
  new URL('gatehouse.css', import.meta.url),
  new URL('admin.css', import.meta.url),
]
const CSS = SOURCES.map(source => readFileSync(fileURLToPath(source), 'utf8')).join('\n')

/** Relative to the root of the site; the digest makes it another address when the content is another. */
export const STYLESHEET = `assets/style-${hash('sha256', CSS, 'hex').slice(0, 16)}.css`

/** Before anybody is identified: the same for all callers, so that it may be kept. */
export function stylesheetRouter(): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const sendStylesheet: RequestHandler = (_request, response) => {
    response.set('Cache-Control', 'public, max-age=31536000, immutable').type('text/css').send(CSS)
  }
  router.route(`/${STYLESHEET}`).get(sendStylesheet).all(onlyReading)
  return router
}
