import { type Kysely, sql } from 'kysely'
import { STATUS_CONDITIONS } from './certificate-status.ts'
import type { Database } from './database.ts'
import type { Figures, Span } from './store.ts'

type Moment = 'notAfter' | 'issuedAt' | 'revokedAt'

export function figuresIn(db: Kysely<Database>): Figures {
  return {
    expiring: (span, now) =>
      counted(
        inSpan(db, 'notAfter', span).where(eb =>
          eb.or([STATUS_CONDITIONS.valid(eb, now), STATUS_CONDITIONS.expired(eb, now)]),
        ),
        span,
      ),
    issued: span => counted(inSpan(db, 'issuedAt', span), span),
    revoked: span => counted(inSpan(db, 'revokedAt', span), span),
  }
}

function inSpan(db: Kysely<Database>, moment: Moment, { from, slotMs, slots }: Span) {
  return (
    db
      .selectFrom('certificates')
      // Numbers come to SQLite as floating-point ones, of which a quotient has a fraction; PostgreSQL would round it.
      .select(eb => [
        sql<number>`cast(floor((${eb.ref(moment)} - ${from}) / ${slotMs}) as bigint)`.as('slot'),
        eb.fn.countAll<number>().as('count'),
      ])
      .where(moment, '>=', from)
      .where(moment, '<', from + slots * slotMs)
      .groupBy('slot')
  )
}

async function counted(query: ReturnType<typeof inSpan>, { slots }: Span): Promise<readonly number[]> {
  const counts = new Map((await query.execute()).map(({ slot, count }) => [slot, count]))
  return Array.from({ length: slots }, (_, slot) => counts.get(slot) ?? 0)
}
