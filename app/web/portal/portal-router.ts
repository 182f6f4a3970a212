import { type Request, type RequestHandler, type Response, Router } from 'express'
import { z } from 'zod'
import { encodeMobileConfig } from '../../../pki/mobile-config.ts'
import { PKCS12_PROFILES } from '../../../pki/pkcs12-profile.ts'
import { parseRevocationReason } from '../../../pki/revocation-reason.ts'
import { type Caller, callerOf } from '../../authority/caller.ts'
import { holderOf } from '../../authority/revoke.ts'
import { AppError } from '../../errors.ts'
import { assuredIdentificationOf } from '../../identity/identification.ts'
import type { ApiOptions } from '../api/api-router.ts'
import { MEDIA_TYPES } from '../api/certificate-formats.ts'
import { parse } from '../api/parse-input.ts'
import { guardOf } from '../guard-of.ts'
import { onlyMethods, onlyReading } from '../only-methods.ts'
import { readForm } from '../read-small-form.ts'
import { type Page, renderPage } from '../views.ts'
import { certificatesPage } from './certificates-page.ts'
import { importPage, issuedPage } from './enrol-pages.ts'
import type { HandOvers } from './hand-overs.ts'

const Profile = z.strictObject({ pkcs12: z.enum(PKCS12_PROFILES).default('compatible') })
const FileForm = z.strictObject({ file: z.string().max(64), as: z.enum(['p12', 'mobileconfig']) })
const RevokeForm = z.strictObject({ serial: z.string().max(64), reason: z.string().max(64) })

// Our own choice: who has had more certificates than that looks for the rest with the command.
const MOST_SHOWN = 100

/** What only pages do; programs have the API, which decides the same. */
export function portalRouter(options: ApiOptions, handOvers: HandOvers): Router {
  const { store, authority, limits, now } = options
  const router = Router({ caseSensitive: true, strict: true })
  const guard = guardOf({ level: 'trusted' }, '/certificates/', options)
  const own = [limits.anybody, guard]
  const enrol = [limits.anybody, limits.enrolment]

  const showOwn = async (request: Request, caller: Caller): Promise<Page> => {
    const holderId = (await holderOf(store, caller)) ?? ''
    const rows = await store.certificates.list({ now: now().getTime(), holderId, limit: MOST_SHOWN })
    return certificatesPage(request, rows, now())
  }

  const renew = async (request: Request, caller: Caller): Promise<Page> => {
    const renewed = await authority.renew(caller, parse(Profile, request.body ?? {}, 'form'))
    return issuedPage(request, renewed, handOvers)
  }

  const collect = async (request: Request, caller: Caller): Promise<Page> => {
    const { pkcs12 } = parse(Profile, request.body ?? {}, 'form')
    const collected = await authority.collect(caller, { id: String(request.params.id), pkcs12 })
    return issuedPage(request, collected, handOvers)
  }

  const revoke: RequestHandler = async (request, response) => {
    const { serial, reason } = parse(RevokeForm, request.body ?? {}, 'form')
    const caller = callerOf(assuredIdentificationOf(request))
    await authority.revoke(caller, { serial, reason: parseRevocationReason(reason) })
    response.redirect(303, './')
  }

  const post = onlyMethods('POST')
  router.route('/certificates/').get(own, showing(showOwn)).all(onlyReading)
  router.route('/certificates/renew').post(own, readForm, showing(renew)).all(post)
  router.route('/certificates/revoke').post(own, readForm, revoke).all(post)
  router
    .route('/tlsauth/import/')
    .get(showing(async request => importPage(request)))
    .all(onlyReading)
  router.route('/tlsauth/requests/:id/collect').post(enrol, readForm, showing(collect)).all(post)
  router.route('/tlsauth/file/').post(limits.anybody, readForm, sendFile(handOvers)).all(post)
  return router
}

function showing(pageFor: (request: Request, caller: Caller) => Promise<Page>): RequestHandler {
  return async function showPage(request, response) {
    const { view, data } = await pageFor(request, callerOf(assuredIdentificationOf(request)))
    response.type('text/html').send(renderPage(view, request, data))
  }
}

function sendFile(handOvers: HandOvers): RequestHandler {
  return function sendHandOver(request, response: Response) {
    const { file, as } = parse(FileForm, request.body ?? {}, 'form')
    const what = handOvers.take(file)
    if (!what) {
      throw new AppError(
        'FILE_GONE',
        'This file was downloaded already, or waited for too long, and is kept nowhere. Renew the certificate, or ask an administrator for another one.',
      )
    }
    response.attachment(`${what.serial}.${as}`)
    if (as === 'p12') response.type(MEDIA_TYPES.pkcs12).send(Buffer.from(what.pkcs12))
    else response.type('application/x-apple-aspen-config').send(encodeMobileConfig(what))
  }
}
