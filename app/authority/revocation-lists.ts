import { maySignRevocationLists, signRevocationList } from '../../pki/certificate-revocation-list.ts'
import type { Authority as Signer } from '../../pki/issue-certificate.ts'
import { encodeRevocationListPem } from '../../pki/pem.ts'
import type { Begun, RevocationList, RevocationListInfo, RevokedRow, Store, Time } from '../store/store.ts'
import { ITSELF } from './caller.ts'
import { type AuthorityContext, decide } from './decide.ts'

type Context = Pick<AuthorityContext, 'store' | 'signer' | 'now' | 'publish' | 'rules'>

/** A certificate revocation list in the forms in which it is handed out. */
export interface PublishedList extends RevocationListInfo {
  readonly der: Uint8Array
  pem(): string
}

export interface PublishedLists {
  /** Makes a new one if one is due; to be called every second. */
  publish(): Promise<void>
  /** The newest, whoever has made it. */
  newest(): Promise<PublishedList | undefined>
  /** Whether the newest is not past its end, or keeping it so is not for us. */
  isInTime(): Promise<boolean>
  /** What was seen of the newest when `publish` was called last. */
  lastSeen(): RevocationListInfo | undefined
}

// Our own choices: how long others wait for whoever makes one, and what is read at a time.
const MAKING_MS = 60_000
const PAGE = 500
// The clocks of two machines on one store.
const CLOCKS_DIFFER_MS = 5 * 60_000

export function createRevocationLists(context: Context): PublishedLists {
  const { store, now, rules, signer } = context
  const maker = signer && maySignRevocationLists(signer.certificate) ? signer : undefined
  let seen: RevocationListInfo | undefined
  let kept: PublishedList | undefined

  async function publish(): Promise<void> {
    seen = await store.revocationLists.newest()
    if (!maker || !(await isDue(store, seen, { at: now().getTime(), lifeMs: rules.crlLifeMs }))) return
    seen = (await make(context, maker, seen)) ?? seen
  }

  async function newest(): Promise<PublishedList | undefined> {
    const info = await store.revocationLists.newest()
    if (info?.number === kept?.number) return kept
    const list = await store.revocationLists.read()
    kept = list && handedOut(list)
    return kept
  }

  return {
    publish,
    newest,
    lastSeen: () => seen,
    async isInTime() {
      if (!maker) return true
      const info = await store.revocationLists.newest()
      return info !== undefined && info.nextUpdate > now().getTime()
    },
  }
}

function handedOut({ der: base64, ...info }: RevocationList): PublishedList {
  const der = Buffer.from(base64, 'base64')
  let pem: string | undefined
  return {
    ...info,
    der,
    pem() {
      pem ??= encodeRevocationListPem(der)
      return pem
    },
  }
}

interface Moment {
  readonly at: Time
  readonly lifeMs: number
}

/** At half of its life, and whenever it is not true any more. */
async function isDue(
  { proxyList }: Store,
  newest: RevocationListInfo | undefined,
  { at, lifeMs }: Moment,
): Promise<boolean> {
  if (!newest) return true
  const { thisUpdate, nextUpdate } = newest
  const half = thisUpdate + Math.min(lifeMs, nextUpdate - thisUpdate) / 2
  if (at >= half || thisUpdate > at + CLOCKS_DIFFER_MS) return true
  return (await proxyList.generation()) !== newest.generation
}

/** @returns `undefined` when somebody else is at it, or was faster */
async function make(
  context: Context,
  signer: Signer,
  before: RevocationListInfo | undefined,
): Promise<RevocationListInfo | undefined> {
  const { store, now } = context
  const at = now().getTime()
  const intent = { now: at, until: at + MAKING_MS, after: before?.number ?? 0 }
  const begun = await store.revocationLists.begin(intent)
  if (!begun) return undefined
  try {
    return await sign(context, signer, { begun, thisUpdate: notEarlier(at, before), before })
  } catch (error) {
    await store.revocationLists.giveUp(begun.number).catch(() => undefined)
    throw error
  }
}

/** What was revoked by a clock that goes before ours is in the last list, and must not leave it again. */
function notEarlier(at: Time, before: RevocationListInfo | undefined): Time {
  const last = before?.thisUpdate ?? at
  return last > at + CLOCKS_DIFFER_MS ? at : Math.max(at, last)
}

interface Making {
  readonly begun: Begun
  readonly thisUpdate: Time
  readonly before: RevocationListInfo | undefined
}

async function sign(context: Context, signer: Signer, { begun, thisUpdate, before }: Making) {
  const { crlLifeMs } = context.rules
  const nextUpdate = thisUpdate + crlLifeMs
  // RFC 5280 section 3.3: whoever has expired stays until it was in a list of after its end.
  const notExpiredBefore = Math.min(before?.thisUpdate ?? 0, thisUpdate - crlLifeMs)
  const { der, entries } = await signRevocationList(
    {
      number: begun.number,
      thisUpdate: new Date(thisUpdate),
      nextUpdate: new Date(nextUpdate),
      pages: pagesOf(context.store, thisUpdate, notExpiredBefore),
    },
    signer,
  )
  const info = { ...begun, thisUpdate, nextUpdate, entries }
  const list = { ...info, der: Buffer.from(der).toString('base64') }
  const isPublished = await decide(context, ITSELF, async (within, audit) => {
    if (!(await within.revocationLists.publish(list))) return false
    await audit('CRL_PUBLISHED', {
      number: begun.number,
      entries,
      next_update: new Date(nextUpdate).toISOString(),
    })
    return true
  })
  return isPublished ? info : undefined
}

async function* pagesOf(store: Store, at: Time, notExpiredBefore: Time) {
  let after: RevokedRow | undefined
  do {
    const query = { at, notExpiredBefore, limit: PAGE, ...(after && { after }) }
    const rows = await store.certificates.revoked(query)
    yield rows.map(({ serial, revokedAt, revocationReason }) => ({
      serialNumber: serial,
      revokedAt: new Date(revokedAt),
      reason: revocationReason ?? 'unspecified',
    }))
    after = rows.length < PAGE ? undefined : rows.at(-1)
  } while (after)
}
