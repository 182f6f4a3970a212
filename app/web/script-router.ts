import { hash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type RequestHandler, Router } from 'express'
import { onlyReading } from './only-methods.ts'

/** A script that a page may have, and the only one that it may. */
export interface OwnScript {
  /** Relative to the root of the site; the digest makes it another address when the content is another. */
  readonly path: string
  /** Of Subresource Integrity, so that what a page runs is what was read when the process began. */
  readonly integrity: string
}

const FILE = fileURLToPath(new URL('../browser/built/enrolment.js', import.meta.url))
const CODE = existsSync(FILE) ? readFileSync(FILE) : undefined

/** Makes keys in the browser; `undefined`: it was not built, and the register page offers the other ways. */
export const ENROLMENT_SCRIPT: OwnScript | undefined = CODE && {
  path: `assets/enrolment-${hash('sha256', CODE, 'hex').slice(0, 16)}.js`,
  integrity: `sha384-${hash('sha384', CODE, 'base64')}`,
}

/** Before anybody is identified: the same for all callers, so that it may be kept. */
export function scriptRouter(): Router {
  const router = Router({ caseSensitive: true, strict: true })
  if (!ENROLMENT_SCRIPT) return router
  const sendScript: RequestHandler = (_request, response) => {
    response.set('Cache-Control', 'public, max-age=31536000, immutable').type('text/javascript').send(CODE)
  }
  router.route(`/${ENROLMENT_SCRIPT.path}`).get(sendScript).all(onlyReading)
  return router
}
