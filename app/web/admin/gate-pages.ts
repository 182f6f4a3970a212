import { z } from 'zod'
import { inertName } from '../../../pki/inert-text.ts'
import { relativeTime } from '../../../pki/relative-time.ts'
import type { Invitation } from '../../gate/users.ts'
import { gateLevelOf } from '../../gate-means.ts'
import { parse } from '../api/parse-input.ts'
import { timeText } from '../time-text.ts'
import type { Page } from '../views.ts'
import { type AdminOptions, type AdminPage, cutPage, PAGE_ROWS, queryText } from './admin-page.ts'

const Query = z.strictObject({ after: z.string().max(64).default('') })
const InviteForm = z.strictObject({ user: z.string().max(512) })

/** Who logs in with one-time codes, and who is invited to. */
export function gatePages(options: AdminOptions): readonly AdminPage[] {
  const { gate } = options
  if (!gate) return []
  const canInvite = gate.rules.setup.includes('invitation')
  return [
    {
      method: 'get',
      path: '/admin/gate/',
      answer: async ({ query }) => await gatePage(options, canInvite, parse(Query, query, 'query').after),
    },
    {
      method: 'post',
      path: '/admin/gate/invite',
      async answer({ form, caller }) {
        const invitation = await gate.invite(caller, parse(InviteForm, form, 'form').user)
        return await gatePage(options, canInvite, '', invitation)
      },
    },
    {
      method: 'post',
      path: '/admin/gate/:id/end-sessions',
      async answer({ id, caller }) {
        await gate.endSessions(caller, id)
        return { seeOther: '../' }
      },
    },
    {
      method: 'post',
      path: '/admin/gate/:id/remove',
      async answer({ id, caller }) {
        await gate.removeUser(caller, id)
        return { seeOther: '../' }
      },
    },
  ]
}

/** @param made the invitation that is seen this once */
async function gatePage(
  { store, now }: AdminOptions,
  canInvite: boolean,
  after: string,
  made?: Invitation,
): Promise<Page> {
  const at = now().getTime()
  const { page, last } = cutPage(await store.gate.users.list({ now: at, after, limit: PAGE_ROWS + 1 }))
  const open = await store.gate.invitations.list({ now: at, limit: PAGE_ROWS })
  return {
    view: 'admin-gate',
    data: {
      title: 'Gate',
      canInvite,
      made: made && { code: made.invitation, name: inertName(made.user), until: timeText(made.expiresAt) },
      users: page.map(user => ({
        id: user.id,
        name: inertName(user.name),
        level: gateLevelOf(user.means),
        means: user.means,
        lastLogin: user.lastLoginAt === null ? 'never' : relativeTime(new Date(user.lastLoginAt), now()),
        sessions: user.sessions,
        recoveryCodesLeft: user.recoveryCodesLeft,
      })),
      invitations: open.map(({ name, expiresAt }) => ({
        name: inertName(name),
        until: timeText(expiresAt),
      })),
      next: last && queryText({ after: last.id }),
    },
  }
}
