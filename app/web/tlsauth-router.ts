import express, { type Request, type RequestHandler, type Response, Router } from 'express'
import { z } from 'zod'
import { encodeCertificatePem } from '../../pki/pem.ts'
import { PKCS12_PROFILES } from '../../pki/pkcs12-profile.ts'
import { callerOf } from '../authority/caller.ts'
import type { Outcome } from '../authority/register.ts'
import { AppError } from '../errors.ts'
import { identificationOf, identityOf } from '../identity/identification.ts'
import { requireIdentity } from '../identity/require-identity.ts'
import { inertText } from '../inert.ts'
import type { RequestRow } from '../store/store.ts'
import type { ApiDependencies } from './api/api-dependencies.ts'
import { send } from './api/api-router.ts'
import { acceptedFormat, certificateReply } from './api/certificate-formats.ts'
import { issuedReply, pkcs12Reply } from './api/issued-reply.ts'
import type { Reply } from './api/route.ts'
import { requestJson, SubjectBody } from './api/schemas.ts'
import { subjectWish } from './api/subject-wish.ts'
import { onlyReading } from './only-reading.ts'
import type { RateLimits } from './rate-limits.ts'

const FORM_LIMIT = 64 * 1024
const PKCS10_TYPES = ['application/pkcs10', 'application/x-pem-file', 'text/plain', 'application/octet-stream']

const RegisterForm = z.strictObject({ ...SubjectBody, pkcs12: z.enum(PKCS12_PROFILES).default('compatible') })
const CertifyForm = z.strictObject({ ...SubjectBody, csr: z.string().max(32_768) })
const SignForm = z.strictObject({ sha256: z.string().max(128) })
const RejectForm = z.strictObject({ reason: z.string().min(1).max(500) })

const HELP = {
  register: `Send your name, and if you like your e-mail address and organisation, and get a PKCS#12 file to import.
Its passphrase is in the header Gatehouse-Passphrase of the answer, this once.

  curl -D headers.txt -o me.p12 --data-urlencode 'common_name=Ada Lovelace' -d email=ada@example.org URL
`,
  certify: `Send a certificate signing request (PKCS#10, PEM or DER), and get the certificate, or a request that waits for an administrator.

  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout me.key -subj '/CN=Ada Lovelace' -out me.csr
  curl --data-urlencode csr@me.csr URL
`,
} as const

function wantsJson({ headers }: Request): boolean {
  return headers.accept?.includes('json') === true
}

function parseForm<Schema extends z.ZodType>(schema: Schema, request: Request): z.infer<Schema> {
  const result = schema.safeParse(request.body ?? {})
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'the form'}: ${message}`)
  throw new AppError('BODY_INVALID', `The form is not what this address takes: ${problems.join('; ')}.`)
}

function text(status: number, octets: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, type: 'text/plain; charset=utf-8', octets, headers }
}

function queuedText({ id }: RequestRow): string {
  return `Your request waits for an administrator. How it stands: GET /pki/requests/${id}\n`
}

function queueText(rows: readonly RequestRow[]): string {
  if (rows.length === 0) return 'No request waits.\n'
  return rows.map(queueLines).join('\n')
}

function queueLines({ id, sha256, commonName, organisation, email, warnings }: RequestRow): string {
  const facts = [
    `request       ${id}`,
    `SHA-256       ${sha256}`,
    `common name   ${inertText(commonName)}`,
    ...(organisation === null ? [] : [`organisation  ${inertText(organisation)}`]),
    ...(email === null ? [] : [`e-mail        ${inertText(email)}`]),
    ...warnings.map(warning => `warning       ${inertText(warning)}`),
  ]
  return `${facts.join('\n')}\n`
}

export interface TlsauthOptions extends ApiDependencies {
  readonly limits: RateLimits
}

/** The paths of an older system of this kind, for forms and for curl: what they decide is what the API decides. */
export function tlsauthRouter({ store, authority, issuer, now, limits }: TlsauthOptions): Router {
  const router = Router({ caseSensitive: true, strict: true })
  const readForm = [
    express.urlencoded({ extended: false, limit: FORM_LIMIT, parameterLimit: 20 }),
    express.json({ limit: FORM_LIMIT }),
    express.raw({ limit: FORM_LIMIT, type: PKCS10_TYPES }),
  ]
  const enrol = [limits.anybody, limits.enrolment, ...readForm]
  const admin = [limits.anybody, requireAdministrator, ...readForm]

  function answerOutcome(request: Request, response: Response, outcome: Outcome, issued: () => Reply): void {
    if (outcome.kind === 'issued') return send(response, wantsJson(request) ? issuedReply(outcome.issued, now()) : issued())
    const headers = { Location: `/pki/requests/${outcome.request.id}` }
    const json = { status: 202, headers, json: requestJson(outcome.request, null) }
    send(response, wantsJson(request) ? json : text(202, queuedText(outcome.request), headers))
  }

  const register: RequestHandler = async (request, response) => {
    const form = parseForm(RegisterForm, request)
    const outcome = await authority.register(callerOfRequest(request), {
      ...subjectWish(form),
      channel: 'register',
      pkcs12: form.pkcs12,
    })
    answerOutcome(request, response, outcome, () => {
      if (outcome.kind !== 'issued') throw new Error('only for what was issued')
      return pkcs12Reply(outcome.issued) ?? issuedReply(outcome.issued, now())
    })
  }

  const certify: RequestHandler = async (request, response) => {
    const file: Uint8Array | undefined = Buffer.isBuffer(request.body) ? request.body : undefined
    const form = file ? undefined : parseForm(CertifyForm, request)
    const outcome = await authority.register(callerOfRequest(request), {
      ...subjectWish(form ?? {}),
      channel: 'certify',
      csr: file ?? form?.csr,
      pkcs12: 'compatible',
    })
    answerOutcome(request, response, outcome, () => {
      if (outcome.kind !== 'issued') throw new Error('only for what was issued')
      return { ...certificateReply(outcome.issued.row.pem ?? '', 'pem'), status: 201 }
    })
  }

  const waiting: RequestHandler = async (request, response) => {
    const rows = await store.requests.list({ status: 'waiting', limit: 1000 })
    const json = { json: { requests: rows.map(row => requestJson(row, null)) } }
    send(response, wantsJson(request) ? json : text(200, queueText(rows)))
  }

  const sign: RequestHandler = async (request, response) => {
    const { sha256 } = parseForm(SignForm, request)
    const row = await authority.approve(callerOfRequest(request), { id: idOf(request), sha256 })
    const issued = row.serial === null ? undefined : await store.certificates.find(row.serial)
    const json = { json: requestJson(row, issued?.pem ?? null) }
    const pem = issued?.pem ? certificateReply(issued.pem, 'pem') : text(200, 'Approved. Its key is made when it is collected.\n')
    send(response, wantsJson(request) ? json : pem)
  }

  const reject: RequestHandler = async (request, response) => {
    const { reason } = parseForm(RejectForm, request)
    const row = await authority.reject(callerOfRequest(request), { id: idOf(request), reason })
    send(response, wantsJson(request) ? { json: requestJson(row, null) } : text(200, 'Rejected.\n'))
  }

  const caCertificate: RequestHandler = (request, response) => {
    send(response, certificateReply(encodeCertificatePem(issuer.der), acceptedFormat(request) ?? 'pem'))
  }

  router.route('/tlsauth/register/').get(help('register')).post(...enrol, register).all(onlyReading)
  router.route('/tlsauth/certify/').get(help('certify')).post(...enrol, certify).all(onlyReading)
  router.route('/tlsauth/cert/').get(caCertificate).all(onlyReading)
  router.route('/tlsauth/csrs/').get(...admin, waiting).all(onlyReading)
  router.post('/tlsauth/csrs/:id/sign', ...admin, sign)
  router.post('/tlsauth/csrs/:id/reject', ...admin, reject)
  router.route('/tlsauth/test/').get(showIdentity).all(onlyReading)
  return router
}

const requireAdministrator = requireIdentity({
  level: 'admin',
  otherwise: (_request, _response, next, why) => next(new AppError(why.code, why.detail)),
})

function callerOfRequest(request: Request) {
  const identification = identificationOf(request)
  if (!identification) throw new Error('Nobody is identified before these routes.')
  return callerOf(identification)
}

function idOf({ params }: Request): string {
  return String(params.id)
}

function help(what: keyof typeof HELP): RequestHandler {
  return function showHelp(request, response) {
    const url = `https://${request.headers.host}/tlsauth/${what}/`
    send(response, text(200, HELP[what].replaceAll('URL', url)))
  }
}

const showIdentity: RequestHandler = (request, response) => {
  const { level, name, organisation, serial, verify } = identityOf(request)
  const subject = [
    ['level', level],
    ['verified', verify],
    ['common name', name],
    ['organisation', organisation],
    ['serial', serial],
  ]
  const lines = subject.filter(([, value]) => value !== null).map(([term, value]) => `${term}: ${inertText(String(value))}`)
  const isSomebody = level !== 'anonymous'
  send(response, text(200, `You are ${isSomebody ? '' : 'not '}authenticated.\n${lines.join('\n')}\n`))
}
