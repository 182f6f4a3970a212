import { z } from 'zod'
import { findRequest } from '../../authority/requests.ts'
import type { RequestRow, Store } from '../../store/store.ts'
import { requestPage } from '../portal/enrol-pages.ts'
import type { ApiDependencies } from './api-dependencies.ts'
import { issuedReply } from './issued-reply.ts'
import { type Route, route } from './route.ts'
import {
  ApproveBody,
  CollectBody,
  IssuedJson,
  RejectBody,
  RequestJson,
  RequestListQuery,
  requestJson,
} from './schemas.ts'

const ListJson = z.object({
  requests: z.array(RequestJson),
  next: z
    .string()
    .nullable()
    .meta({ description: 'What `after` has to be for the next page; null on the last' }),
})

/** A request, and the certificate that has come of it. */
export async function wholeRequest(store: Store, row: RequestRow): Promise<z.infer<typeof RequestJson>> {
  const certificate = row.serial === null ? undefined : await store.certificates.find(row.serial)
  return requestJson(row, certificate?.pem ?? null)
}

/** Requests that wait for an administrator, or have been decided. */
export function requestRoutes({ store, authority, now }: ApiDependencies): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/pki/requests',
      summary: 'List requests, newest first',
      level: 'admin',
      query: RequestListQuery,
      answers: { 200: { description: 'One page', schema: ListJson } },
      errors: [],
      async handle({ query: { limit, status, after } }) {
        const rows = await store.requests.list({
          limit: limit + 1,
          ...(status && { status }),
          ...(after && { after }),
        })
        const page = rows.slice(0, limit)
        const next = rows.length > limit ? (page.at(-1)?.id ?? null) : null
        return { json: { requests: await Promise.all(page.map(row => wholeRequest(store, row))), next } }
      },
    }),
    route({
      method: 'get',
      path: '/pki/requests/{id}',
      summary: 'How a request stands, for whoever knows its identifier',
      level: 'anonymous',
      answers: { 200: { description: 'The request', schema: RequestJson, types: ['text/html'] } },
      errors: ['REQUEST_UNKNOWN'],
      async handle({ params, request }) {
        const json = await wholeRequest(store, await findRequest(store, params.id ?? ''))
        return { json, page: requestPage(request, json) }
      },
    }),
    route({
      method: 'post',
      path: '/pki/requests/{id}/approve',
      summary: 'Approve what was looked at, named by its SHA-256',
      level: 'admin',
      body: ApproveBody,
      answers: {
        200: { description: 'The request, with its certificate if it brought a key', schema: RequestJson },
      },
      errors: [
        'REQUEST_UNKNOWN',
        'REQUEST_CHANGED',
        'ALREADY_DECIDED',
        'NAME_TAKEN',
        'KEY_TAKEN',
        'CA_KEY_ABSENT',
      ],
      async handle({ params, body, caller }) {
        const row = await authority.approve(caller, { id: params.id ?? '', sha256: body.sha256 })
        return { json: await wholeRequest(store, row) }
      },
    }),
    route({
      method: 'post',
      path: '/pki/requests/{id}/reject',
      summary: 'Reject a request, with the reason',
      level: 'admin',
      body: RejectBody,
      answers: { 200: { description: 'The request', schema: RequestJson } },
      errors: ['REQUEST_UNKNOWN', 'ALREADY_DECIDED'],
      async handle({ params, body, caller }) {
        const row = await authority.reject(caller, { id: params.id ?? '', reason: body.reason })
        return { json: await wholeRequest(store, row) }
      },
    }),
    route({
      method: 'post',
      path: '/pki/requests/{id}/collect',
      summary: 'Key and certificate of an approved request that brought no key; once',
      level: 'anonymous',
      isEnrolment: true,
      body: CollectBody,
      answers: { 201: { description: 'The certificate and its key, as PKCS#12', schema: IssuedJson } },
      errors: ['REQUEST_UNKNOWN', 'REQUEST_UNDECIDED', 'ALREADY_DECIDED', 'NAME_TAKEN', 'CA_KEY_ABSENT'],
      handle: async ({ params, body, caller }) =>
        issuedReply(await authority.collect(caller, { id: params.id ?? '', pkcs12: body.pkcs12 }), now()),
    }),
  ]
}
