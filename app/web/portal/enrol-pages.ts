import type { Request } from 'express'
import type { z } from 'zod'
import { PkiError } from '../../../pki/errors.ts'
import { inertName, inertText } from '../../../pki/inert-text.ts'
import type { HandedOut } from '../../authority/hand-out.ts'
import { AppError } from '../../errors.ts'
import type { RequestRow } from '../../store/store.ts'
import type { RequestJson } from '../api/schemas.ts'
import { digestText } from '../digest-text.ts'
import { ENROLMENT_SCRIPT } from '../script-router.ts'
import { dayText, timeText } from '../time-text.ts'
import type { Page } from '../views.ts'
import type { HandOvers } from './hand-overs.ts'
import { isSystem, SYSTEMS, visitorSystem } from './visitor-system.ts'

type Form = Readonly<Record<string, unknown>>

/** The same form again, with what was filled in, if a refusal is about that. */
export interface Again {
  readonly form: Form
  readonly problem: string
}

export function registerPage(request: Request, again?: Again): Page {
  const { profile } = SYSTEMS[visitorSystem(request)]
  const script = ENROLMENT_SCRIPT
  return { view: 'register', data: { title: 'Get a certificate', profile, script, ...formData(again) } }
}

export function certifyPage(_request: Request, again?: Again): Page {
  return { view: 'certify', data: { title: 'Send a signing request', ...formData(again) } }
}

function formData({ form = {}, problem }: Partial<Again> = {}) {
  const sent = (name: string) => (typeof form[name] === 'string' ? form[name] : '')
  return { sent, problem }
}

/** What a form can be corrected for; everything else is told on a page of its own. */
export function isAboutForm(error: unknown): error is AppError | PkiError {
  if (error instanceof AppError) return error.status < 500 && error.code !== 'FORM_TOKEN_WRONG'
  return error instanceof PkiError && error.isUsage
}

/** Key and certificate, once. */
export function issuedPage(request: Request, { row, pkcs12 }: HandedOut, handOvers: HandOvers): Page {
  const name = inertName(row.commonName)
  const { serial } = row
  const file = pkcs12 && {
    id: handOvers.keep({ name, serial, pkcs12: pkcs12.bytes }),
    passphrase: pkcs12.passphrase,
  }
  const facts = [
    ['Name', name],
    ['Organisation', row.organisation && inertName(row.organisation)],
    ['E-mail', row.email && inertName(row.email)],
    ['Serial number', serial],
    ['Valid until', dayText(row.notAfter)],
  ].filter(([, value]) => value)
  return {
    view: 'issued',
    data: {
      title: `A certificate for ${name}`,
      facts,
      file,
      pem: file ? null : row.pem,
      ...importHelp(request),
    },
  }
}

export function importPage(request: Request): Page {
  return { view: 'import', data: { title: 'Import your certificate', ...importHelp(request) } }
}

/** For the visitor's own system first; `?system=` says another. */
function importHelp(request: Request) {
  const { system: wish } = request.query
  const system = isSystem(wish) ? wish : visitorSystem(request)
  const systems = Object.entries(SYSTEMS).map(([id, { name }]) => ({ id, name, isCurrent: id === system }))
  return { system, systemName: SYSTEMS[system].name, systems }
}

export const REQUEST_BADGES: Readonly<Record<RequestRow['status'], string>> = {
  waiting: 'warn',
  approved: 'accent',
  issued: 'good',
  rejected: 'bad',
}

export function requestPage(visit: Request, request: z.infer<typeof RequestJson>): Page {
  const { id, sha256, status, csr, warnings, reason } = request
  return {
    view: 'request',
    data: {
      title: `The request of ${inertName(request.common_name)}`,
      id,
      profile: SYSTEMS[visitorSystem(visit)].profile,
      status,
      badge: REQUEST_BADGES[status],
      hasKey: csr !== null,
      certificate: request.certificate,
      reason: reason && inertText(reason),
      warnings: warnings.map(inertText),
      facts: [
        ['Name', inertName(request.common_name)],
        ['Organisation', request.organisation && inertName(request.organisation)],
        ['E-mail', request.email && inertName(request.email)],
        ['Asked for', timeText(Date.parse(request.requested_at))],
        ['Decided', request.decided_at && timeText(Date.parse(request.decided_at))],
        ['SHA-256', digestText(sha256)],
      ].filter(([, value]) => value),
    },
  }
}
