import { z } from 'zod'
import { inertName } from '../../../pki/inert-text.ts'
import { relativeTime } from '../../../pki/relative-time.ts'
import { parseRevocationReason, REVOCATION_REASONS } from '../../../pki/revocation-reason.ts'
import type { Refusal } from '../../authority/acknowledgements.ts'
import { visibleCertificate } from '../../authority/revoke.ts'
import { certificateStatus } from '../../store/certificate-status.ts'
import {
  CERTIFICATE_ORDERS,
  CERTIFICATE_STATUSES,
  type CertificateQuery,
  type CertificateRow,
} from '../../store/store.ts'
import { parse } from '../api/parse-input.ts'
import { RevokeBody, refusalJson } from '../api/schemas.ts'
import { digestText } from '../digest-text.ts'
import { STATUS_BADGES } from '../portal/certificates-page.ts'
import { dayText, timeText } from '../time-text.ts'
import type { Page } from '../views.ts'
import { type AdminOptions, type AdminPage, cutPage, PAGE_ROWS, queryText } from './admin-page.ts'

const Query = z.strictObject({
  // A form has every field, whether it is filled in or not.
  status: z.enum([...CERTIFICATE_STATUSES, '']).default(''),
  search: z.string().max(256).default(''),
  order: z.enum(CERTIFICATE_ORDERS).default('newest'),
  after: z.string().max(64).optional(),
})

const ORDER_LABELS = { newest: 'Newest first', expiry: 'First to expire', name: 'By name' } as const

// Our own choices: when the first reminder goes out by mail; and more than anybody has.
const ENDING_MS = 30 * 86_400_000
const MOST_OF_ONE_HOLDER = 20

/** All certificates: found, looked at and revoked. */
export function certificatePages(options: AdminOptions): readonly AdminPage[] {
  const { store, authority, now } = options
  return [
    {
      method: 'get',
      path: '/admin/certificates/',
      async answer({ query }) {
        const wish = parse(Query, query, 'query')
        return listPage(await store.certificates.list(storeQuery(wish, now())), wish, now())
      },
    },
    {
      method: 'get',
      path: '/admin/certificates/:id',
      answer: async ({ id, caller }) =>
        await certificatePage(options, await visibleCertificate(store, caller, id)),
    },
    {
      method: 'post',
      path: '/admin/certificates/:id/revoke',
      async answer({ id, form, caller }) {
        const reason = parseRevocationReason(parse(RevokeBody, form, 'form').reason)
        const { row, refusals } = await authority.revoke(caller, { serial: id, reason })
        return await certificatePage(options, row, await refusals)
      },
    },
    {
      method: 'post',
      path: '/admin/certificates/:id/unhold',
      async answer({ id, caller }) {
        await authority.unhold(caller, id)
        return { seeOther: `../${id}` }
      },
    },
  ]
}

type Wish = z.infer<typeof Query>

function storeQuery({ status, search, order, after }: Wish, now: Date): CertificateQuery {
  return {
    now: now.getTime(),
    order,
    limit: PAGE_ROWS + 1,
    ...(status && { status }),
    ...(search && { search }),
    ...(after && { after }),
  }
}

function listPage(rows: readonly CertificateRow[], wish: Wish, now: Date): Page {
  const { page, last } = cutPage(rows)
  const { status, search, order, after } = wish
  return {
    view: 'admin-certificates',
    data: {
      title: 'Certificates',
      search,
      statuses: CERTIFICATE_STATUSES.map(value => ({ value, isCurrent: value === status })),
      orders: CERTIFICATE_ORDERS.map(value => ({
        value,
        label: ORDER_LABELS[value],
        isCurrent: value === order,
      })),
      certificates: page.map(row => shown(row, now)),
      first: after && queryText({ status, search, order }),
      next: last && queryText({ status, search, order, after: last.serial }),
    },
  }
}

function shown(row: CertificateRow, now: Date) {
  const status = certificateStatus(row, now.getTime())
  const ends = row.revokedAt ?? row.notAfter
  return {
    serial: row.serial,
    name: inertName(row.commonName),
    about: [row.organisation, row.email].filter(each => each !== null).map(inertName),
    status,
    badge: STATUS_BADGES[status],
    from: dayText(row.notBefore),
    until: dayText(ends),
    relative: relativeTime(new Date(ends), now),
    isEnding: status === 'valid' && ends - now.getTime() <= ENDING_MS,
  }
}

/** @param refusals of a revocation that was just made */
async function certificatePage(
  { store, now }: AdminOptions,
  row: CertificateRow,
  refusals?: readonly Refusal[],
): Promise<Page> {
  const { holderId, serial, revocationReason } = row
  const query = { now: now().getTime(), holderId, limit: MOST_OF_ONE_HOLDER }
  const others = (await store.certificates.list(query)).filter(other => other.serial !== serial)
  const { name, status, badge } = shown(row, now())
  const isOnHold = status === 'revoked' && revocationReason === 'certificateHold'
  return {
    view: 'admin-certificate',
    data: {
      title: name,
      serial,
      status,
      badge,
      facts: facts(row, now()),
      pem: row.pem,
      others: others.map(other => shown(other, now())),
      isOnHold,
      mayRevoke: isOnHold || status === 'valid' || status === 'recorded',
      reasons: Object.keys(REVOCATION_REASONS),
      refusals: refusals?.map(refusalJson),
    },
  }
}

function facts(row: CertificateRow, now: Date): readonly (readonly [string, string])[] {
  const all: readonly (readonly [string, string | null])[] = [
    ['Name', inertName(row.commonName)],
    ['Organisation', row.organisation && inertName(row.organisation)],
    ['E-mail', row.email && inertName(row.email)],
    ['Serial number', row.serial],
    ['SHA-256', row.fingerprint256 && digestText(row.fingerprint256)],
    ['SHA-256 of the key', digestText(row.spki256)],
    ['Valid from', timeText(row.notBefore)],
    ['Valid until', `${timeText(row.notAfter)} (${relativeTime(new Date(row.notAfter), now)})`],
    ['Came by', row.origin],
    ['Asked for or approved by', row.requestedBy],
    ['Revoked', row.revokedAt === null ? null : timeText(row.revokedAt)],
    ['Reason', row.revocationReason],
    ['Revoked by', row.revokedBy],
  ]
  return all.filter((fact): fact is [string, string] => fact[1] !== null)
}
