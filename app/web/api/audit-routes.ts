import { z } from 'zod'
import type { ApiDependencies } from './api-dependencies.ts'
import { type Route, route } from './route.ts'
import { AuditQuery } from './schemas.ts'

const HASH = z.string().meta({ description: 'SHA-256 in upper-case hexadecimal' })
const AuditJson = z.object({
  events: z.array(
    z.object({
      sequence: z.int(),
      record: z.string().meta({ description: 'The event as canonical JSON: what is hashed' }),
      previous_hash: HASH,
      hash: HASH.meta({ description: 'Of the previous hash, a line feed and the record' }),
    }),
  ),
  next: z
    .int()
    .nullable()
    .meta({ description: 'What `after` has to be for the next page; null on the last' }),
  head: z.object({ sequence: z.int(), hash: HASH }),
})

/** The audit trail, as it is: whoever reads it recomputes the chain. */
export function auditRoutes({ store }: ApiDependencies): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/pki/audit',
      summary: 'The audit trail, oldest first',
      level: 'admin',
      query: AuditQuery,
      answers: { 200: { description: 'One page', schema: AuditJson } },
      errors: [],
      async handle({ query }) {
        const head = await store.audit.head()
        // What has come since the head was looked at is for the next time: a page never goes beyond its head.
        const events = (await store.audit.list(query)).filter(({ sequence }) => sequence <= head.sequence)
        const last = events.at(-1)?.sequence ?? query.after
        return {
          json: {
            events: events.map(({ sequence, record, previousHash, hash }) => ({
              sequence,
              record,
              previous_hash: previousHash,
              hash,
            })),
            next: events.length === query.limit && last < head.sequence ? last : null,
            head,
          },
        }
      },
    }),
  ]
}
