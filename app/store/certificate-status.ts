import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import type { Database } from './database.ts'
import type { CertificateRow, CertificateStatus, Time } from './store.ts'

type Row = Pick<CertificateRow, 'state' | 'notAfter' | 'revokedAt'>

/** A certificate is valid up to and including `notAfter` (RFC 5280 section 4.1.2.5). */
export function certificateStatus({ state, notAfter, revokedAt }: Row, now: Time): CertificateStatus {
  if (revokedAt !== null && revokedAt <= now) return 'revoked'
  if (state === 'recorded') return 'recorded'
  return notAfter < now ? 'expired' : 'valid'
}

type Builder = ExpressionBuilder<Database, 'certificates'>

/** The same as `certificateStatus`, as conditions of a query. */
export const STATUS_CONDITIONS: Readonly<
  Record<CertificateStatus, (builder: Builder, now: Time) => Expression<SqlBool>>
> = {
  revoked: (eb, now) => eb('revokedAt', '<=', now),
  recorded: (eb, now) => eb.and([eb('state', '=', 'recorded'), notRevoked(eb, now)]),
  expired: (eb, now) => eb.and([eb('state', '=', 'issued'), eb('notAfter', '<', now), notRevoked(eb, now)]),
  valid: (eb, now) => eb.and([eb('state', '=', 'issued'), eb('notAfter', '>=', now), notRevoked(eb, now)]),
}

function notRevoked(eb: Builder, now: Time): Expression<SqlBool> {
  return eb.or([eb('revokedAt', 'is', null), eb('revokedAt', '>', now)])
}
