import type { Request } from 'express'
import { z } from 'zod'
import type { PublishedList } from '../../authority/revocation-lists.ts'
import { AppError } from '../../errors.ts'
import { isKnown } from '../is-known.ts'
import type { ApiDependencies } from './api-dependencies.ts'
import { type Reply, type Route, route } from './route.ts'
import { CertificateJson, certificateJson, FormatQuery } from './schemas.ts'

/** RFC 5280 section 4.2.1.13 and RFC 6960 appendix C; for PEM the name that is in use. */
const CRL_TYPES = { der: 'application/pkix-crl', pem: 'application/x-pem-file' } as const
const OCSP_REQUEST = 'application/ocsp-request'
const OCSP_RESPONSE = 'application/ocsp-response'

type Format = keyof typeof CRL_TYPES

function acceptedFormat({ headers }: Request): Format {
  return headers.accept?.includes(CRL_TYPES.pem) ? 'pem' : 'der'
}

/** Until half of its life, when there is a newer one; nothing in it is about whoever asks. */
function headersOf({ number, thisUpdate, nextUpdate }: PublishedList, format: Format, now: Date) {
  const left = Math.ceil(((thisUpdate + nextUpdate) / 2 - now.getTime()) / 1000)
  return {
    'Cache-Control': `public, max-age=${Math.max(0, left)}`,
    ETag: `"${number}-${format}"`,
    'Last-Modified': new Date(thisUpdate).toUTCString(),
    Vary: 'Accept',
  }
}

function listReply(list: PublishedList, format: Format, request: Request, now: Date): Reply {
  const headers = headersOf(list, format, now)
  const type = CRL_TYPES[format]
  if (isKnown(request, headers.ETag)) return { status: 304, headers, type, octets: '' }
  return { headers, type, octets: format === 'der' ? list.der : list.pem() }
}

/** Revocation for everybody else: the list, answers about single certificates, and the end of a hold. */
export function revocationRoutes({ authority, now }: ApiDependencies): readonly Route[] {
  const ocsp = async (input: string | Uint8Array): Promise<Reply> => ({
    type: OCSP_RESPONSE,
    octets: await authority.ocsp(input),
  })
  const ocspAnswer = { description: 'The answer, or an error, of RFC 6960', types: [OCSP_RESPONSE] }
  return [
    route({
      method: 'get',
      path: '/pki/crl',
      summary: 'The certificate revocation list (RFC 5280)',
      level: 'anonymous',
      query: FormatQuery,
      answers: { 200: { description: 'DER, or PEM', types: [CRL_TYPES.der, CRL_TYPES.pem] } },
      errors: ['CRL_UNAVAILABLE'],
      async handle({ query, request }) {
        const list = await authority.revocationLists.newest()
        if (list) return listReply(list, query.format ?? acceptedFormat(request), request, now())
        throw new AppError(
          'CRL_UNAVAILABLE',
          'There is no revocation list yet: the application has just started, or has no key of the client CA. Ask again in a few seconds.',
        )
      },
    }),
    route({
      method: 'post',
      path: '/pki/ocsp',
      summary: 'How certificates stand (OCSP, RFC 6960)',
      level: 'anonymous',
      octets: OCSP_REQUEST,
      answers: { 200: ocspAnswer },
      errors: [],
      async handle({ request }) {
        if (Buffer.isBuffer(request.body)) return await ocsp(request.body)
        throw new AppError('MEDIA_TYPE_UNSUPPORTED', `The body must be an OCSP request, ${OCSP_REQUEST}.`)
      },
    }),
    route({
      method: 'get',
      path: '/pki/ocsp/{request}',
      takesRest: true,
      summary: 'The same, with the request in base64',
      level: 'anonymous',
      answers: { 200: ocspAnswer },
      errors: [],
      handle: async ({ params }) => await ocsp(params.request ?? ''),
    }),
    route({
      method: 'post',
      path: '/pki/unhold/{serial}',
      summary: 'End the hold of a certificate that was revoked with certificateHold',
      level: 'admin',
      body: z.strictObject({}),
      answers: { 200: { description: 'Good again, from now on', schema: CertificateJson } },
      errors: ['CERT_UNKNOWN', 'NOT_ON_HOLD'],
      handle: async ({ params, caller }) => ({
        json: certificateJson(await authority.unhold(caller, params.serial ?? ''), now()),
      }),
    }),
  ]
}
