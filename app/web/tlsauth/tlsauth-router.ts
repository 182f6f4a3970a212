import express, { type Request, type RequestHandler, Router } from 'express'
import { z } from 'zod'
import { PKCS12_PROFILES } from '../../../pki/pkcs12-profile.ts'
import { type Caller, callerOf } from '../../authority/caller.ts'
import type { Outcome } from '../../authority/register.ts'
import { AppError } from '../../errors.ts'
import { assuredIdentificationOf, identityOf } from '../../identity/identification.ts'
import type { RequestRow } from '../../store/store.ts'
import type { ApiOptions } from '../api/api-router.ts'
import { certificateReply, ownCertificateReply } from '../api/certificate-formats.ts'
import { issuedReply, pkcs12Reply } from '../api/issued-reply.ts'
import { parse } from '../api/parse-input.ts'
import { wholeRequest } from '../api/request-routes.ts'
import type { Reply } from '../api/route.ts'
import { ApproveBody, RejectBody, requestJson, SubjectBody } from '../api/schemas.ts'
import { send } from '../api/send.ts'
import { type SubjectFields, subjectWish } from '../api/subject-wish.ts'
import { guardOf } from '../guard-of.ts'
import { onlyMethods, onlyReading } from '../only-methods.ts'
import { type Again, certifyPage, isAboutForm, issuedPage, registerPage } from '../portal/enrol-pages.ts'
import type { HandOvers } from '../portal/hand-overs.ts'
import type { Page } from '../views.ts'
import { wantsPage } from '../wants-page.ts'
import { HELP, identityText, queuedText, queueText } from './texts.ts'

// Our own choice: a signing request of RSA-4096 with a page of names takes a tenth of it.
const FORM_LIMIT = 64 * 1024
const PKCS10_TYPES = [
  'application/pkcs10',
  'application/x-pem-file',
  'application/octet-stream',
  'text/plain',
]

// How a file begins that is no form: X.690 and RFC 7468.
const DER_SEQUENCE = 0x30
const PEM_BEGIN = Buffer.from('-----')

const RegisterForm = z.strictObject({ ...SubjectBody, pkcs12: z.enum(PKCS12_PROFILES).default('compatible') })
const CertifyForm = z.strictObject({ ...SubjectBody, csr: z.string().max(32_768) })

const FORM = 'application/x-www-form-urlencoded'

const readForm: RequestHandler[] = [
  express.urlencoded({ extended: false, limit: FORM_LIMIT, parameterLimit: 20 }),
  express.json({ limit: FORM_LIMIT }),
]
/** A file that `curl --data-binary` sends calls itself a form, so what it is can only be seen in it. */
const readFormOrFile: RequestHandler[] = [
  express.json({ limit: FORM_LIMIT }),
  express.raw({ limit: FORM_LIMIT, type: [...PKCS10_TYPES, FORM] }),
]

/**
 * The paths of an older system of this kind, for forms and for curl. What is decided is decided by the API's own
 * rules; only the form of questions and answers differs.
 */
export function tlsauthRouter(options: ApiOptions, handOvers: HandOvers): Router {
  const { store, authority, issuer, limits, now } = options
  const router = Router({ caseSensitive: true, strict: true })
  const enrol = [limits.anybody, limits.enrolment]
  const admin = [limits.anybody, guardOf({ level: 'admin' }, '/tlsauth/csrs/', options), ...readForm]

  async function register(request: Request, caller: Caller): Promise<Reply> {
    const { pkcs12, ...subject } = parse(RegisterForm, filledIn(request), 'form')
    const wish = { ...subjectWish(subject), channel: 'register', pkcs12 } as const
    const outcome = await authority.register(caller, wish)
    if (outcome.kind === 'queued') return queuedReply(request, outcome)
    if (wantsPage(request)) return pageReply(201, issuedPage(request, outcome.issued, handOvers))
    return (!wantsJson(request) && pkcs12Reply(outcome.issued)) || issuedReply(outcome.issued, now())
  }

  async function certify(request: Request, caller: Caller): Promise<Reply> {
    const { csr, ...subject } = readSigningRequest(request)
    const wish = { ...subjectWish(subject), channel: 'certify', csr, pkcs12: 'compatible' } as const
    const outcome = await authority.register(caller, wish)
    if (outcome.kind === 'queued') return queuedReply(request, outcome)
    if (wantsPage(request)) return pageReply(201, issuedPage(request, outcome.issued, handOvers))
    if (wantsJson(request)) return issuedReply(outcome.issued, now())
    return { ...certificateReply(outcome.issued.row.pem ?? '', 'pem'), status: 201 }
  }

  async function listWaiting(request: Request): Promise<Reply> {
    if (wantsPage(request)) return seeOther('../../admin/requests/')
    const rows = await store.requests.list({ status: 'waiting', limit: 1000 })
    if (!wantsJson(request)) return text(200, queueText(rows))
    return { json: { requests: rows.map(row => requestJson(row, null)) } }
  }

  async function sign(request: Request, caller: Caller): Promise<Reply> {
    const { sha256 } = parse(ApproveBody, request.body ?? {}, 'form')
    const row = await wholeRequest(store, await authority.approve(caller, { id: idOf(request), sha256 }))
    if (wantsJson(request)) return { json: row }
    if (row.certificate === null) return text(200, 'Approved. Its key is made when it is collected.\n')
    return certificateReply(row.certificate, 'pem')
  }

  async function reject(request: Request, caller: Caller): Promise<Reply> {
    const { reason } = parse(RejectBody, request.body ?? {}, 'form')
    const row = await authority.reject(caller, { id: idOf(request), reason })
    return wantsJson(request) ? { json: requestJson(row, null) } : text(200, 'Rejected.\n')
  }

  const readingAndPosting = onlyMethods('GET', 'HEAD', 'POST')
  router
    .route('/tlsauth/register/')
    .get(help('register', registerPage))
    .post(enrol, readForm, replying(again(register, registerPage)))
    .all(readingAndPosting)
  router
    .route('/tlsauth/certify/')
    .get(help('certify', certifyPage))
    .post(enrol, readFormOrFile, replying(again(certify, certifyPage)))
    .all(readingAndPosting)
  router
    .route('/tlsauth/cert/')
    .get(replying(async request => ownCertificateReply(issuer, request)))
    .all(onlyReading)
  router.route('/tlsauth/csrs/').get(admin, replying(listWaiting)).all(onlyReading)
  router.route('/tlsauth/csrs/:id/sign').post(admin, replying(sign)).all(onlyMethods('POST'))
  router.route('/tlsauth/csrs/:id/reject').post(admin, replying(reject)).all(onlyMethods('POST'))
  router.route('/tlsauth/test/').get(replying(showIdentity)).all(onlyReading)
  return router
}

function wantsJson({ headers }: Request): boolean {
  return headers.accept?.includes('json') === true
}

function text(status: number, octets: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, type: 'text/plain; charset=utf-8', octets, headers }
}

/** Relative: a proxy may offer the application under a path prefix. */
function seeOther(location: string): Reply {
  return text(303, '', { Location: location })
}

async function showIdentity(request: Request): Promise<Reply> {
  return wantsPage(request) ? seeOther('../../') : text(200, identityText(identityOf(request)))
}

function queuedReply(request: Request, { request: row }: Outcome & { kind: 'queued' }): Reply {
  if (wantsPage(request)) return seeOther(`../../pki/requests/${row.id}`)
  const headers = { Location: `/pki/requests/${row.id}` }
  return wantsJson(request)
    ? { status: 202, headers, json: requestJson(row, null) }
    : text(202, queuedText(row), headers)
}

/** A form, or the request itself as the whole body. */
function readSigningRequest(request: Request): SubjectFields & { csr: string | Uint8Array } {
  const body: unknown = request.body
  if (!Buffer.isBuffer(body)) return fromForm(filledIn(request))
  if (!request.is(FORM) || body[0] === DER_SEQUENCE || body.subarray(0, 5).equals(PEM_BEGIN))
    return { csr: body }
  return parse(CertifyForm, parseForm(body), 'form')
}

/** A browser's form may have the request as a file. */
function fromForm({ csr, ...form }: Readonly<Record<string, unknown>>) {
  if (!Buffer.isBuffer(csr)) return parse(CertifyForm, { csr, ...form }, 'form')
  const isDer = csr[0] === DER_SEQUENCE
  return { ...parse(CertifyForm, { csr: '', ...form }, 'form'), csr: isDer ? csr : csr.toString() }
}

function parseForm(body: Buffer): Record<string, string | string[]> {
  const fields = Map.groupBy(new URLSearchParams(body.toString()), ([name]) => name)
  // One that comes twice stays two, so that the schema refuses it.
  const values = [...fields].map(([name, same]): [string, string | string[]] =>
    same.length === 1 ? [name, same[0]?.[1] ?? ''] : [name, same.map(([, value]) => value)],
  )
  return Object.fromEntries(values)
}

type FormPage = (request: Request, again?: Again) => Page

/** Whoever filled in a form corrects it there, and finds what was right still in it. */
function again(answer: (request: Request, caller: Caller) => Promise<Reply>, pageOf: FormPage) {
  return async (request: Request, caller: Caller): Promise<Reply> => {
    try {
      return await answer(request, caller)
    } catch (error) {
      if (!wantsPage(request) || !isAboutForm(error)) throw error
      const status = error instanceof AppError ? error.status : 400
      return pageReply(status, pageOf(request, { form: request.body ?? {}, problem: error.message }))
    }
  }
}

function pageReply(status: number, page: Page): Reply {
  return { status, json: null, page }
}

/** What a page leaves empty is not there. */
function filledIn(request: Request): Readonly<Record<string, unknown>> {
  const form: Record<string, unknown> = request.body ?? {}
  if (!wantsPage(request)) return form
  return Object.fromEntries(Object.entries(form).filter(([, value]) => value !== ''))
}

function idOf({ params }: Request): RequestRow['id'] {
  return String(params.id)
}

function help(what: keyof typeof HELP, pageOf: FormPage): RequestHandler {
  return replying(async request => {
    const url = `https://${request.headers.host}/tlsauth/${what}/`
    return { ...text(200, HELP[what].replaceAll('URL', url)), page: pageOf(request) }
  })
}

function replying(reply: (request: Request, caller: Caller) => Promise<Reply>): RequestHandler {
  return async function answerWithReply(request, response) {
    await send(response, await reply(request, callerOf(assuredIdentificationOf(request))))
  }
}
