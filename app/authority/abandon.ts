import type { Aggregates, RequestRow, Store } from '../store/store.ts'
import { ITSELF } from './caller.ts'
import { type AuthorityContext, decide } from './decide.ts'

// Our own choice: no signing takes a hundredth of it, so its process has died.
const GIVEN_UP_AFTER_MS = 5 * 60_000
const PAGE = 1000

/**
 * Gives up a serial number whose certificate was never handed out: revoked, in case it was signed after all. The name
 * and the key are free again, and a request that was approved for it waits again.
 */
async function abandon(context: AuthorityContext, serial: string): Promise<void> {
  await decide(context, ITSELF, async (within, audit) => {
    const row = await within.certificates.find(serial)
    if (row?.state !== 'recorded') return
    await audit('CERT_ABANDONED', { serial })
    const at = context.now().getTime()
    await within.certificates.revoke(serial, { at, reason: 'cessationOfOperation', by: null })
    const request = row.origin === 'request' ? await approvedWith(within, serial) : undefined
    if (request?.csr === null)
      await within.requests.advance(request.id, 'approved', { status: 'approved', serial: null })
    else if (request) {
      const undecided = { status: 'waiting', serial: null, decidedAt: null, decidedBy: null } as const
      await within.requests.advance(request.id, 'approved', undecided)
    }
  })
}

/** However many wait to be collected: one that is not found would wait for ever. */
async function approvedWith({ requests }: Aggregates, serial: string): Promise<RequestRow | undefined> {
  let after: string | undefined
  do {
    const page: readonly RequestRow[] = await requests.list({
      status: 'approved',
      limit: PAGE,
      ...(after !== undefined && { after }),
    })
    const found = page.find(each => each.serial === serial)
    if (found) return found
    after = page.length < PAGE ? undefined : page.at(-1)?.id
  } while (after !== undefined)
  return undefined
}

// Serial numbers that this process could not give up, because the store was away.
const leftBehind = new WeakMap<Store, Set<string>>()

/** As `abandon`, and never fails: what the store does not take now is given up before anything else is issued. */
export async function abandonSoon(context: AuthorityContext, serial: string): Promise<void> {
  const serials = leftBehind.get(context.store) ?? new Set()
  leftBehind.set(context.store, serials.add(serial))
  await abandonLeftBehind(context).catch(() => undefined)
}

/** Whoever asks again, when the store is back, must not be told that the name is taken: it is taken by himself. */
export async function abandonLeftBehind(context: AuthorityContext): Promise<void> {
  const serials = leftBehind.get(context.store) ?? new Set()
  for (const serial of serials) {
    await abandon(context, serial)
    serials.delete(serial)
  }
}

/** What a process that was killed has left behind. */
export async function abandonUnfinished(context: AuthorityContext): Promise<number> {
  await abandonLeftBehind(context)
  const rows = await context.store.certificates.unfinished(context.now().getTime() - GIVEN_UP_AFTER_MS)
  for (const { serial } of rows) await abandon(context, serial)
  return rows.length
}
