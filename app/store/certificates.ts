import type { Kysely } from 'kysely'
import { STATUS_CONDITIONS } from './certificate-status.ts'
import type { Database } from './database.ts'
import { revocationsIn } from './revocations.ts'
import { isPartOf, searchText } from './search-text.ts'
import {
  type CertificateOrder,
  type CertificateQuery,
  type CertificateRow,
  type Certificates,
  StoreConflict,
} from './store.ts'

const COLUMNS = [
  'serial',
  'holderId',
  'state',
  'commonName',
  'organisation',
  'email',
  'spki256',
  'notBefore',
  'notAfter',
  'toBeSigned',
  'fingerprint256',
  'pem',
  'origin',
  'requestedBy',
  'recordedAt',
  'issuedAt',
  'revokedAt',
  'revocationReason',
  'revokedBy',
] as const satisfies readonly (keyof CertificateRow)[]

export function searchTextOf(
  row: Pick<CertificateRow, 'commonName' | 'organisation' | 'email' | 'serial'>,
): string {
  return searchText(row.commonName, row.organisation, row.email, row.serial)
}

export function certificatesIn(db: Kysely<Database>, now: () => Date): Certificates {
  const rows = () => db.selectFrom('certificates').select(COLUMNS)
  const newestFirst = () => rows().orderBy('recordedAt', 'desc').orderBy('serial', 'desc')
  const find = (serial: string) => rows().where('serial', '=', serial).executeTakeFirst()

  return {
    ...revocationsIn(db, now),
    find,
    async record(row) {
      // An error would end a PostgreSQL transaction, in which the caller may still want to try another serial.
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('certificates')
        .values({ ...row, searchText: searchTextOf(row) })
        .onConflict(conflict => conflict.doNothing())
        .executeTakeFirst()
      if (numInsertedOrUpdatedRows !== 1n) {
        throw new StoreConflict((await find(row.serial)) ? 'serial' : 'fingerprint')
      }
    },
    async complete(serial, issued) {
      const { numUpdatedRows } = await db
        .updateTable('certificates')
        .set({ state: 'issued', ...issued })
        .where('serial', '=', serial)
        .where('state', '=', 'recorded')
        .where('revokedAt', 'is', null)
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },
    list: query => list(db, query),
    active: (holderId, now) =>
      newestFirst()
        .where('holderId', '=', holderId)
        .where(eb => eb.or([STATUS_CONDITIONS.valid(eb, now), STATUS_CONDITIONS.recorded(eb, now)]))
        .execute(),
    withKey: spki256 => newestFirst().where('spki256', '=', spki256).execute(),
    unfinished: before =>
      newestFirst()
        .where('state', '=', 'recorded')
        .where('recordedAt', '<', before)
        .where('revokedAt', 'is', null)
        .execute(),
    expiring: (from, to) =>
      rows()
        .where('state', '=', 'issued')
        .where('revokedAt', 'is', null)
        .where('notAfter', '>=', from)
        .where('notAfter', '<', to)
        .orderBy('notAfter')
        .orderBy('serial')
        .execute(),
    counts: now =>
      db
        .selectFrom('certificates')
        .select(eb => [
          eb.fn.countAll<number>().filterWhere(STATUS_CONDITIONS.recorded(eb, now)).as('recorded'),
          eb.fn.countAll<number>().filterWhere(STATUS_CONDITIONS.valid(eb, now)).as('valid'),
          eb.fn.countAll<number>().filterWhere(STATUS_CONDITIONS.expired(eb, now)).as('expired'),
          eb.fn.countAll<number>().filterWhere(STATUS_CONDITIONS.revoked(eb, now)).as('revoked'),
        ])
        .executeTakeFirstOrThrow(),
  }
}

const ORDERS = {
  newest: { column: 'recordedAt', direction: 'desc', next: '<' },
  expiry: { column: 'notAfter', direction: 'asc', next: '>' },
  // It begins with the name, in lower case.
  name: { column: 'searchText', direction: 'asc', next: '>' },
} as const satisfies Record<CertificateOrder, object>

/** A page is found by the last row of the one before, so rows that come meanwhile neither shift nor repeat any. */
async function list(db: Kysely<Database>, query: CertificateQuery): Promise<readonly CertificateRow[]> {
  const { now, status, search, holderId, order = 'newest', after, limit } = query
  const { column, direction, next } = ORDERS[order]
  const last =
    after === undefined
      ? undefined
      : await db
          .selectFrom('certificates')
          .select([column, 'serial'])
          .where('serial', '=', after)
          .executeTakeFirst()
  if (after !== undefined && !last) return []
  return db
    .selectFrom('certificates')
    .select(COLUMNS)
    .$if(last !== undefined, page =>
      page.where(eb =>
        eb(eb.refTuple(column, 'serial'), next, eb.tuple(last?.[column] ?? 0, last?.serial ?? '')),
      ),
    )
    .$if(status !== undefined, page => page.where(eb => STATUS_CONDITIONS[status ?? 'valid'](eb, now)))
    .$if(search !== undefined, page => page.where(eb => isPartOf(search ?? '', eb.ref('searchText'))))
    .$if(holderId !== undefined, page => page.where('holderId', '=', holderId ?? ''))
    .orderBy(column, direction)
    .orderBy('serial', direction)
    .limit(limit)
    .execute()
}
