import { z } from 'zod'
import { parseRevocationReason } from '../../../pki/revocation-reason.ts'
import { holderOf, visibleCertificate } from '../../authority/revoke.ts'
import { isAtLeast } from '../../identity/levels.ts'
import type { ApiDependencies } from './api-dependencies.ts'
import { acceptedFormat, certificateReply, MEDIA_TYPES } from './certificate-formats.ts'
import { CSR_ERRORS, SUBJECT_ERRORS } from './input-errors.ts'
import { issuedReply } from './issued-reply.ts'
import { type Route, route } from './route.ts'
import {
  CertificateJson,
  CertificateListQuery,
  certificateJson,
  IssueBody,
  IssuedJson,
  RenewBody,
  RenewedJson,
  RevokeBody,
  RevokedJson,
  refusalJson,
  WholeCertificateJson,
} from './schemas.ts'
import { subjectWish } from './subject-wish.ts'

const ListJson = z.object({
  certificates: z.array(CertificateJson),
  next: z
    .string()
    .nullable()
    .meta({ description: 'What `after` has to be for the next page; null on the last' }),
})

/** Certificates: issue, list, show, renew, revoke. */
export function certificateRoutes({ store, authority, now }: ApiDependencies): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/pki/issue',
      summary: 'Issue a certificate',
      level: 'admin',
      body: IssueBody,
      answers: {
        201: { description: 'The certificate; without csr also its key, as PKCS#12', schema: IssuedJson },
      },
      errors: [...SUBJECT_ERRORS, ...CSR_ERRORS, 'NAME_TAKEN', 'CA_KEY_ABSENT'],
      handle: async ({ body, caller }) =>
        issuedReply(await authority.issue(caller, { ...body, ...subjectWish(body) }), now()),
    }),
    route({
      method: 'get',
      path: '/pki/certs',
      summary: 'List certificates, newest first: administrators all, everybody else their own',
      level: 'trusted',
      query: CertificateListQuery,
      answers: { 200: { description: 'One page', schema: ListJson } },
      errors: [],
      async handle({ query, caller }) {
        const isAdmin = isAtLeast(caller.identity.level, 'admin')
        const holderId = isAdmin ? undefined : ((await holderOf(store, caller)) ?? '')
        const { status, search, after, limit } = query
        const rows = await store.certificates.list({
          now: now().getTime(),
          limit: limit + 1,
          ...(status && { status }),
          ...(search && { search }),
          ...(after && { after }),
          ...(holderId !== undefined && { holderId }),
        })
        const page = rows.slice(0, limit)
        const next = rows.length > limit ? (page.at(-1)?.serial ?? null) : null
        return { json: { certificates: page.map(row => certificateJson(row, now())), next } }
      },
    }),
    route({
      method: 'get',
      path: '/pki/certs/{serial}',
      summary: 'Show a certificate',
      level: 'trusted',
      answers: {
        200: {
          description: 'What is known of it, or the certificate alone',
          schema: WholeCertificateJson,
          types: [MEDIA_TYPES.pem, MEDIA_TYPES.der],
        },
      },
      errors: ['CERT_UNKNOWN'],
      async handle({ params, caller, request }) {
        const row = await visibleCertificate(store, caller, params.serial ?? '')
        const format = acceptedFormat(request)
        if (format && row.pem !== null) return certificateReply(row.pem, format)
        return { json: { ...certificateJson(row, now()), certificate: row.pem } }
      },
    }),
    route({
      method: 'post',
      path: '/pki/revoke/{serial}',
      summary: 'Revoke a certificate: administrators any, everybody else their own',
      level: 'trusted',
      body: RevokeBody,
      answers: { 200: { description: 'Revoked, from now on', schema: RevokedJson } },
      errors: ['CERT_UNKNOWN', 'ALREADY_REVOKED', 'REASON_UNKNOWN'],
      async handle({ params, body, caller }) {
        const wish = { serial: params.serial ?? '', reason: parseRevocationReason(body.reason) }
        const { row, refusals } = await authority.revoke(caller, wish)
        return { json: { ...certificateJson(row, now()), proxies: (await refusals).map(refusalJson) } }
      },
    }),
    route({
      method: 'post',
      path: '/pki/renew',
      summary: 'A successor of the certificate that is presented, with the same identity',
      level: 'trusted',
      body: RenewBody,
      answers: {
        201: { description: 'The certificate; the old one stays good for a while', schema: RenewedJson },
      },
      errors: [...CSR_ERRORS, 'CERT_UNKNOWN', 'CA_KEY_ABSENT'],
      async handle({ body, caller }) {
        const renewed = await authority.renew(caller, body)
        const { serial, revoked_at } = certificateJson(renewed.replaces, now())
        return issuedReply(renewed, now(), { replaces: { serial, revoked_at } })
      },
    }),
  ]
}
