import { z } from 'zod'
import { gateLevelOf } from '../../gate-means.ts'
import type { GatePerson, GatePersonRow } from '../../store/gate-store.ts'
import type { ApiDependencies } from './api-dependencies.ts'
import { type Route, route } from './route.ts'
import { TIME } from './schemas.ts'

const UserJson = z.object({
  id: z.string(),
  user: z.string().meta({ description: 'The name, which is that of the person on record' }),
  level: z.enum(['trusted', 'untrusted']),
  means: z
    .enum(['certificate', 'invitation', 'anybody'])
    .meta({ description: 'By what right it was set up' }),
  serial: z.string().nullable().meta({ description: 'Of the certificate that it depends on' }),
  created_at: TIME,
  last_login_at: TIME.nullable(),
})
const ListJson = z.object({
  users: z.array(UserJson.extend({ sessions: z.int(), recovery_codes_left: z.int() })),
  next: z
    .string()
    .nullable()
    .meta({ description: 'What `after` has to be for the next page; null on the last' }),
})
const InvitationJson = z.object({
  user: z.string(),
  invitation: z.string().meta({ description: 'For that person alone, once; not on record here' }),
  expires_at: TIME,
})

const ListQuery = z.strictObject({
  after: z.string().max(64).default(''),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})

const iso = (time: number) => new Date(time).toISOString()

function userJson({ id, name, means, serial, createdAt, lastLoginAt }: GatePerson): z.infer<typeof UserJson> {
  return {
    id,
    user: name,
    level: gateLevelOf(means),
    means,
    serial,
    created_at: iso(createdAt),
    last_login_at: lastLoginAt === null ? null : iso(lastLoginAt),
  }
}

function listedJson(row: GatePersonRow) {
  return { ...userJson(row), sessions: row.sessions, recovery_codes_left: row.recoveryCodesLeft }
}

/** Administration of who logs in with one-time codes. */
export function gateRoutes({ gate, store, now }: ApiDependencies): readonly Route[] {
  if (!gate) return []
  return [
    route({
      method: 'get',
      path: '/_auth/users',
      summary: 'List who logs in with one-time codes',
      level: 'admin',
      query: ListQuery,
      answers: { 200: { description: 'One page', schema: ListJson } },
      errors: [],
      async handle({ query: { after, limit } }) {
        const rows = await store.gate.users.list({ now: now().getTime(), after, limit: limit + 1 })
        const page = rows.slice(0, limit)
        const next = rows.length > limit ? (page.at(-1)?.id ?? null) : null
        return { json: { users: page.map(listedJson), next } }
      },
    }),
    route({
      method: 'post',
      path: '/_auth/invitations',
      summary: 'Invite somebody to set up one-time codes; an earlier invitation for that name ends',
      level: 'admin',
      body: z.strictObject({ user: z.string().max(512) }),
      answers: { 201: { description: 'The invitation, this once', schema: InvitationJson } },
      errors: ['NAME_INVALID', 'GATE_SETUP_REFUSED', 'GATE_USER_EXISTS'],
      async handle({ body, caller }) {
        const { user, invitation, expiresAt } = await gate.invite(caller, body.user)
        return { status: 201, json: { user, invitation, expires_at: iso(expiresAt) } }
      },
    }),
    route({
      method: 'post',
      path: '/_auth/users/{id}/remove',
      summary: 'Remove a user, whose sessions end at once',
      level: 'admin',
      body: z.strictObject({}),
      answers: { 200: { description: 'The user that was', schema: UserJson } },
      errors: ['GATE_USER_UNKNOWN'],
      handle: async ({ params, caller }) => ({
        json: userJson(await gate.removeUser(caller, params.id ?? '')),
      }),
    }),
    route({
      method: 'post',
      path: '/_auth/users/{id}/end-sessions',
      summary: 'End all sessions of a user at once',
      level: 'admin',
      body: z.strictObject({}),
      answers: { 200: { description: 'How many there were', schema: z.object({ ended: z.int() }) } },
      errors: ['GATE_USER_UNKNOWN'],
      handle: async ({ params, caller }) => ({
        json: { ended: await gate.endSessions(caller, params.id ?? '') },
      }),
    }),
  ]
}
