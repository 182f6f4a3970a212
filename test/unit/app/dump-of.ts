import type { ApiLab } from './api-lab.ts'

/** All that the store keeps, apart from the trail of what was asked and refused. */
export async function dumpOf({ store, context }: ApiLab): Promise<string> {
  const now = context.now().getTime()
  const certificates = await store.certificates.list({ now, limit: 100_000 })
  const requests = await store.requests.list({ limit: 100_000 })
  const holders = await Promise.all(certificates.map(({ holderId }) => store.holders.find(holderId)))
  const mails = await store.outbox.claim({ now: Number.MAX_SAFE_INTEGER, claimUntil: 0, limit: 100_000 })
  const pastes = await store.pastes.list({ now, limit: 100_000 })
  const spent = await store.once.countSince('', 0)
  const events = await store.audit.list({ after: 0, limit: 100_000 })
  const decisions = events
    .map(({ record }) => JSON.parse(record))
    .filter(({ event }) => /^(CERT|REQUEST|PASTE)_/.test(event))
  return JSON.stringify({ certificates, requests, holders, mails, pastes, spent, decisions })
}
