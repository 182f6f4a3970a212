import { z } from 'zod'
import type { CertificateKey } from '../../../pki/certificate-key.ts'
import { inertName, inertText } from '../../../pki/inert-text.ts'
import { relativeTime } from '../../../pki/relative-time.ts'
import { parseSigningRequest } from '../../../pki/signing-request.ts'
import { findRequest } from '../../authority/requests.ts'
import { REQUEST_STATUSES, type RequestRow } from '../../store/store.ts'
import { parse } from '../api/parse-input.ts'
import { ApproveBody, RejectBody } from '../api/schemas.ts'
import { digestText } from '../digest-text.ts'
import { REQUEST_BADGES } from '../portal/enrol-pages.ts'
import { timeText } from '../time-text.ts'
import type { Page } from '../views.ts'
import { type AdminOptions, type AdminPage, cutPage, PAGE_ROWS, queryText } from './admin-page.ts'

const FILTERS = [...REQUEST_STATUSES, 'all'] as const
const Query = z.strictObject({
  status: z.enum(FILTERS).default('waiting'),
  after: z.string().max(64).optional(),
})

/** What is asked for: seen as it will be decided, and decided. */
export function requestPages({ store, authority, now }: AdminOptions): readonly AdminPage[] {
  return [
    {
      method: 'get',
      path: '/admin/requests/',
      async answer({ query }) {
        const { status, after } = parse(Query, query, 'query')
        const rows = await store.requests.list({
          limit: PAGE_ROWS + 1,
          ...(status !== 'all' && { status }),
          ...(after && { after }),
        })
        return listPage(rows, status, now())
      },
    },
    {
      method: 'get',
      path: '/admin/requests/:id',
      answer: async ({ id }) => requestPage(await findRequest(store, id)),
    },
    {
      method: 'post',
      path: '/admin/requests/:id/approve',
      async answer({ id, form, caller }) {
        const { sha256 } = parse(ApproveBody, form, 'form')
        await authority.approve(caller, { id, sha256 })
        return { seeOther: `../${id}` }
      },
    },
    {
      method: 'post',
      path: '/admin/requests/:id/reject',
      async answer({ id, form, caller }) {
        const { reason } = parse(RejectBody, form, 'form')
        await authority.reject(caller, { id, reason })
        return { seeOther: `../${id}` }
      },
    },
  ]
}

function listPage(rows: readonly RequestRow[], status: (typeof FILTERS)[number], now: Date): Page {
  const { page, last } = cutPage(rows)
  return {
    view: 'admin-requests',
    data: {
      title: 'Requests',
      status,
      filters: FILTERS.map(each => ({
        label: each,
        href: queryText({ status: each }),
        isCurrent: each === status,
      })),
      requests: page.map(row => ({
        ...named(row),
        id: row.id,
        status: row.status,
        badge: REQUEST_BADGES[row.status],
        warnings: row.warnings.length,
        asked: timeText(row.requestedAt),
        relative: relativeTime(new Date(row.requestedAt), now),
      })),
      next: last && queryText({ status, after: last.id }),
    },
  }
}

function named({ commonName, organisation, email }: RequestRow) {
  return {
    name: inertName(commonName),
    organisation: organisation && inertName(organisation),
    email: email && inertName(email),
  }
}

function requestPage(row: RequestRow): Page {
  const { name, organisation, email } = named(row)
  const { id, sha256, status } = row
  return {
    view: 'admin-request',
    data: {
      title: `The request of ${name}`,
      id,
      sha256,
      status,
      badge: REQUEST_BADGES[status],
      warnings: row.warnings.map(inertText),
      reason: row.reason && inertText(row.reason),
      serial: row.serial,
      csr: row.csr,
      facts: [
        ['Name', name],
        ['Organisation', organisation ?? 'none'],
        ['E-mail', email ?? 'none'],
        ['Asked for', `${timeText(row.requestedAt)} from ${row.requestedFrom ?? 'nowhere known'}`],
        ['SHA-256', digestText(sha256)],
        ...(row.decidedAt === null ? [] : [['Decided', timeText(row.decidedAt)]]),
        ...(row.decidedBy === null ? [] : [['Decided by', row.decidedBy]]),
      ],
      signingFacts: row.csr === null ? [] : signingFacts(row.csr),
    },
  }
}

/** What the sender wrote, which is a wish: beside what will be in the certificate, so that a difference is seen. */
function signingFacts(csr: string): readonly (readonly [string, string])[] {
  const { subject, emails, key, spki256, sha256 } = parseSigningRequest(csr)
  const written = subject.map(({ type, value }) => `${inertText(type)}=${inertName(value)}`)
  return [
    ['Subject as written', written.join(', ') || 'empty'],
    ['E-mail as written', emails.map(inertName).join(', ') || 'none'],
    ['Key', keyText(key)],
    ['SHA-256 of the key', digestText(spki256)],
    ['SHA-256 of the file', digestText(sha256)],
  ]
}

function keyText(key: CertificateKey): string {
  if (key.type === 'rsa') return `RSA, ${key.bits} bit`
  return key.type === 'ec' ? `EC ${key.curve}` : key.oid
}
