import { z } from 'zod'
import type { ApiDependencies } from './api-dependencies.ts'
import { MEDIA_TYPES } from './certificate-formats.ts'
import { CSR_ERRORS, SUBJECT_ERRORS } from './input-errors.ts'
import { issuedReply, pkcs12Reply, wantsPkcs12 } from './issued-reply.ts'
import { type Route, route } from './route.ts'
import { IssuedJson, RegisterBody, RequestJson, requestJson } from './schemas.ts'
import { subjectWish } from './subject-wish.ts'

const ChallengeJson = z.object({
  challenge: z.string(),
  algorithm: z.literal('SHA-256'),
  difficulty: z.int().meta({
    description: 'With how many zero bits the SHA-256 of the challenge, a colon and the nonce has to begin',
  }),
  expires_at: z.iso.datetime(),
})

/** Registration by whoever nobody vouches for, for a proof of work. */
export function registerRoutes({ authority, now }: ApiDependencies): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/register/challenge',
      summary: 'A challenge for a proof of work; good once, for ten minutes',
      level: 'anonymous',
      answers: { 200: { description: 'The challenge', schema: ChallengeJson } },
      errors: [],
      async handle() {
        const { challenge, algorithm, difficulty, expiresAt } = await authority.challenge()
        return { json: { challenge, algorithm, difficulty, expires_at: expiresAt.toISOString() } }
      },
    }),
    route({
      method: 'post',
      path: '/register',
      summary: 'Register: a certificate at once or, where the policy says so, a request that waits',
      level: 'anonymous',
      isEnrolment: true,
      body: RegisterBody,
      answers: {
        201: {
          description: 'The certificate; without csr also its key, as PKCS#12',
          schema: IssuedJson,
          types: [MEDIA_TYPES.pkcs12],
        },
        202: { description: 'The request that waits for an administrator', schema: RequestJson },
      },
      errors: [
        'CHALLENGE_INVALID',
        'CHALLENGE_EXPIRED',
        'CHALLENGE_SPENT',
        'PROOF_OF_WORK_WRONG',
        'ORGANISATION_RESERVED',
        ...SUBJECT_ERRORS,
        ...CSR_ERRORS,
        'NAME_TAKEN',
        'QUEUE_FULL',
        'REQUEST_REFUSED',
        'CA_KEY_ABSENT',
      ],
      async handle({ body, caller, request }) {
        const { challenge, nonce, csr, pkcs12 } = body
        const outcome = await authority.register(caller, {
          ...subjectWish(body),
          channel: 'register',
          csr,
          pkcs12,
          proof: { challenge, nonce },
        })
        if (outcome.kind === 'issued') {
          return (wantsPkcs12(request) && pkcs12Reply(outcome.issued)) || issuedReply(outcome.issued, now())
        }
        const { id } = outcome.request
        return {
          status: 202,
          headers: { Location: `/pki/requests/${id}` },
          json: requestJson(outcome.request, null),
        }
      },
    }),
  ]
}
