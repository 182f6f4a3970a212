import type { Kysely } from 'kysely'
import type { Database } from './database.ts'
import { gateDelaysIn } from './gate-delays.ts'
import { endedListIn } from './gate-ended.ts'
import { gateInvitationsIn, gateSetupsIn } from './gate-enrolment.ts'
import { gateSessionsIn } from './gate-sessions.ts'
import type { GateStore } from './gate-store.ts'
import { gateUsersIn } from './gate-users.ts'

export function gateIn(db: Kysely<Database>, now: () => Date): GateStore {
  return {
    users: gateUsersIn(db),
    sessions: gateSessionsIn(db),
    setups: gateSetupsIn(db),
    invitations: gateInvitationsIn(db),
    delays: gateDelaysIn(db),
    ended: endedListIn(db, now),
  }
}
