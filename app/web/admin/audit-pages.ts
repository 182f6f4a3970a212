import { z } from 'zod'
import type { ChainVerdict } from '../../../pki/hash-chain.ts'
import { inertName, inertText } from '../../../pki/inert-text.ts'
import { type FoundEvents, findEvents, type TrailEvent } from '../../authority/find-events.ts'
import { verifyTrail } from '../../authority/verify-trail.ts'
import { parse } from '../api/parse-input.ts'
import { timeText } from '../time-text.ts'
import type { Page } from '../views.ts'
import { type AdminOptions, type AdminPage, PAGE_ROWS, queryText } from './admin-page.ts'

const KINDS = {
  '': { label: 'Everything', names: /./ },
  certificates: { label: 'Certificates', names: /^(CERT|CRL)_/ },
  requests: { label: 'Requests', names: /^(REQUEST|REGISTER|SUBMIT|APPROVE|REJECT|COLLECT)_/ },
  gate: { label: 'Gate', names: /^GATE_/ },
  pastes: { label: 'Pastes', names: /^PASTE_/ },
  logins: { label: 'Who came', names: /^AUTH_/ },
  refusals: { label: 'Refusals', names: /_(REFUSED|FAILURE)$/ },
} as const

type Kind = keyof typeof KINDS
const KIND_NAMES = Object.keys(KINDS) as [Kind, ...Kind[]]

const Query = z.strictObject({
  kind: z.enum(KIND_NAMES).default(''),
  search: z.string().max(256).default(''),
  before: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
  verify: z.literal('whole').optional(),
})
type Wish = z.infer<typeof Query>

/** What happened, from the end, and whether the chain holds. */
export function auditPages({ store }: AdminOptions): readonly AdminPage[] {
  return [
    {
      method: 'get',
      path: '/admin/audit/',
      async answer({ query }) {
        const wish = parse(Query, query, 'query')
        const { kind, search, before } = wish
        const head = await store.audit.head()
        const found = await findEvents(store, {
          kind: KINDS[kind].names,
          search,
          before: Math.min(before ?? Number.POSITIVE_INFINITY, head.sequence + 1),
          limit: PAGE_ROWS,
        })
        const verdict = wish.verify && (await verifyTrail(store))
        return auditPage(wish, found, { head, verdict })
      },
    },
  ]
}

interface Chain {
  readonly head: ChainVerdict['head']
  readonly verdict: ChainVerdict | undefined
}

function auditPage(wish: Wish, { events, lookedBackTo }: FoundEvents, { head, verdict }: Chain): Page {
  const { kind, search, before } = wish
  return {
    view: 'admin-audit',
    data: {
      title: 'Audit trail',
      search,
      kinds: KIND_NAMES.map(value => ({ value, label: KINDS[value].label, isCurrent: value === kind })),
      head,
      fault: verdict?.fault,
      isVerified: verdict !== undefined && verdict.fault === undefined,
      verifiedUpTo: verdict?.head.sequence,
      verify: queryText({ kind, search, before, verify: 'whole' }),
      events: events.map(({ event, chained }) => shown(event, chained.sequence)),
      lookedBackTo,
      first: before && queryText({ kind, search }),
      next: lookedBackTo > 1 ? queryText({ kind, search, before: lookedBackTo }) : undefined,
    },
  }
}

// What one looks for first, as far as an event has it.
const TELLING = ['commonName', 'user', 'code', 'reason', 'path', 'serial', 'number', 'id']

const OF_THE_CALLER = new Set(['event', 'at', 'sequence', 'actor', 'level', 'name', 'organisation'])

function shown({ event, at, actor, level, name, ...rest }: TrailEvent, sequence: number) {
  const who = (actor ?? { level, name }) as Readonly<Record<string, unknown>>
  return {
    sequence,
    event,
    at: timeText(at),
    isRefusal: KINDS.refusals.names.test(event),
    who: typeof who.name === 'string' ? inertName(who.name) : nameless(rest),
    level: typeof who.level === 'string' ? who.level : undefined,
    about: TELLING.map(key => rest[key])
      .filter(value => typeof value === 'string' || typeof value === 'number')
      .slice(0, 2)
      .map(valueText)
      .join(' · '),
    details: Object.entries(rest)
      .filter(([key, value]) => !OF_THE_CALLER.has(key) && value !== null && value !== undefined)
      .map(([key, value]) => [inertText(key), valueText(value)]),
  }
}

/** What came from nowhere, nobody asked for: a timer did it. */
function nameless({ address, requestId }: Readonly<Record<string, unknown>>): string {
  return address || requestId ? 'nobody known' : 'Gatehouse itself'
}

function valueText(value: unknown): string {
  return inertText(typeof value === 'string' ? value : JSON.stringify(value))
}
