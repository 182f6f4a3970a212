import { fileURLToPath } from 'node:url'
import { Eta } from 'eta'
import type { Request } from 'express'
import { formTokenOf } from './form-tokens.ts'
import { navigation } from './navigation.ts'
import type { OwnScript } from './script-router.ts'
import { STYLESHEET } from './stylesheet-router.ts'

const eta = new Eta({
  views: fileURLToPath(new URL('views', import.meta.url)),
  cache: true,
  autoEscape: true,
})

/**
 * The way from this address back to the root, as a relative reference: a proxy may offer the application under a
 * path prefix that the application does not know.
 */
function rootOf({ path }: Request): string {
  return `./${'../'.repeat(Math.max(0, path.split('/').length - 2))}`
}

/** The files in views/ that are pages. */
export type View =
  | 'home'
  | 'problem'
  | 'guarded'
  | 'register'
  | 'certify'
  | 'issued'
  | 'import'
  | 'request'
  | 'certificates'
  | 'admin-dashboard'
  | 'admin-requests'
  | 'admin-request'
  | 'admin-certificates'
  | 'admin-certificate'
  | 'admin-gate'
  | 'admin-audit'
  | 'paste'
  | 'pastes'
  | 'gate-account'
  | 'gate-login'
  | 'gate-setup'
  | 'gate-setup-code'
  | 'gate-setup-done'

export interface Page {
  readonly view: View
  readonly data: Readonly<Record<string, unknown>> & {
    readonly title: string
    readonly script?: OwnScript | undefined
  }
}

/** HTML; every value is escaped. */
export function renderPage(view: View, request: Request, data: Page['data']): string {
  return eta.render(`./${view}`, {
    ...data,
    root: rootOf(request),
    stylesheet: STYLESHEET,
    navigation: navigation(request),
    // For a form, when there is one: it may give the reader a cookie.
    csrf: () => formTokenOf(request),
  })
}
