import type { ChainedEvent, Store } from '../store/store.ts'

export interface EventQuery {
  /** How the name of the event must be; left out, whatever it is. */
  readonly kind?: RegExp
  /** A part of the record, whatever its case. */
  readonly search?: string
  /** Events before this sequence number. */
  readonly before: number
  readonly limit: number
}

export interface FoundEvents {
  readonly events: readonly { readonly chained: ChainedEvent; readonly event: TrailEvent }[]
  /** All from here on were looked at; 1: there are no older ones. */
  readonly lookedBackTo: number
}

export type TrailEvent = { readonly event: string; readonly at: number } & Readonly<Record<string, unknown>>

// Our own choices: what is read at a time, and how far back one question looks, so that it takes a part of a second.
const PAGE = 1_000
const REACH = 20_000

/** The newest first. Records are text in the store, so they are read rather than queried, and not without end. */
export async function findEvents({ audit }: Pick<Store, 'audit'>, query: EventQuery): Promise<FoundEvents> {
  const events: FoundEvents['events'][number][] = []
  const floor = Math.max(1, query.before - REACH)
  let sequence = query.before
  while (sequence > floor) {
    const page = await audit.before({ sequence, limit: Math.min(PAGE, sequence - floor) })
    for (const chained of page) {
      sequence = chained.sequence
      const event: TrailEvent = JSON.parse(chained.record)
      if (!isWanted(query, chained, event)) continue
      events.push({ chained, event })
      if (events.length === query.limit) return { events, lookedBackTo: sequence }
    }
    if (page.length === 0) return { events, lookedBackTo: 1 }
  }
  return { events, lookedBackTo: sequence }
}

function isWanted({ kind, search = '' }: EventQuery, { record }: ChainedEvent, { event }: TrailEvent) {
  return (kind?.test(event) ?? true) && folded(record).includes(folded(search))
}

function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}
