import { z } from 'zod'
import { soleAttribute } from '../../../pki/distinguished-name.ts'
import { AppError } from '../../errors.ts'
import type { ApiDependencies } from './api-dependencies.ts'
import { MEDIA_TYPES, ownCertificateReply } from './certificate-formats.ts'
import { type Route, route } from './route.ts'
import { CreateCaBody, FormatQuery } from './schemas.ts'

const StatusJson = z.object({
  initialised: z.literal(true),
  signing: z.boolean().meta({ description: 'Whether the application has the key of the client CA' }),
  common_name: z.string().nullable(),
  fingerprint256: z.string(),
  not_after: z.iso.datetime(),
  issued: z.int(),
  valid: z.int(),
  expired: z.int(),
  revoked: z.int(),
})

/** The client CA itself: how it stands, and its certificate. */
export function caRoutes({ store, issuer, isSigning, now }: ApiDependencies): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/pki',
      summary: 'How the client CA stands',
      level: 'anonymous',
      answers: { 200: { description: 'Its certificate, and how many it has issued', schema: StatusJson } },
      errors: [],
      async handle() {
        const { valid, expired, revoked } = await store.certificates.counts(now().getTime())
        return {
          json: {
            initialised: true,
            signing: isSigning,
            common_name: soleAttribute(issuer.subject, 'CN') ?? null,
            fingerprint256: issuer.fingerprint256,
            not_after: issuer.notAfter.toISOString(),
            issued: valid + expired + revoked,
            valid,
            expired,
            revoked,
          } satisfies z.infer<typeof StatusJson>,
        }
      },
    }),
    route({
      method: 'post',
      path: '/pki/ca',
      summary: 'Create the client CA: refused, because there is one',
      level: 'admin',
      body: CreateCaBody,
      answers: {},
      errors: ['CA_EXISTS'],
      async handle() {
        throw new AppError(
          'CA_EXISTS',
          `The client CA exists (SHA-256 ${issuer.fingerprint256}), and without it you would not be an administrator. A new one is made by whoever runs this site: make generate-keys FORCE=1`,
        )
      },
    }),
    route({
      method: 'get',
      path: '/pki/ca.crt',
      summary: 'The certificate of the client CA',
      level: 'anonymous',
      query: FormatQuery,
      answers: { 200: { description: 'PEM, or DER', types: [MEDIA_TYPES.pem, MEDIA_TYPES.der] } },
      errors: [],
      handle: async ({ query, request }) => ownCertificateReply(issuer, request, query.format),
    }),
  ]
}
