// Promise: a flood of events neither stops the requests that cause it nor grows without bound, and what is left out is said.
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type AuditBuffer, createAuditBuffer } from '../../../../app/authority/audit-buffer.ts'
import { openStore } from '../../../../app/store/open-store.ts'
import type { Store } from '../../../../app/store/store.ts'

const now = () => new Date()
let store: Store
let lost: [number, unknown][]
let buffer: AuditBuffer
beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:', now })
  lost = []
  buffer = createAuditBuffer({ store, now, onLost: (count, error) => void lost.push([count, error]) })
})
afterEach(() => store[Symbol.asyncDispose]())

async function names(): Promise<string[]> {
  const events = await store.audit.list({ after: 0, limit: 100_000 })
  return events.map(({ record }) => JSON.parse(record).event)
}

it('keeps their order, also those that come while it writes', async () => {
  for (let i = 0; i < 5; i += 1) buffer.add({ event: `A${i}` })
  await Promise.resolve()
  for (let i = 0; i < 5; i += 1) buffer.add({ event: `B${i}` })
  await buffer.flush()
  expect(await names()).toEqual(['A0', 'A1', 'A2', 'A3', 'A4', 'B0', 'B1', 'B2', 'B3', 'B4'])
})

it('goes on after it was flushed with nothing in it', async () => {
  await buffer.flush()
  buffer.add({ event: 'A' })
  await buffer.flush()
  await buffer.flush()
  buffer.add({ event: 'B' })
  await buffer.flush()
  expect(await names()).toEqual(['A', 'B'])
})

it('says in the trail itself how many were too many', async () => {
  for (let i = 0; i < 10_051; i += 1) buffer.add({ event: 'FLOOD' })
  await buffer.flush()
  const events = await store.audit.list({ after: 10_000, limit: 100 })
  expect(events.map(({ record }) => JSON.parse(record))).toMatchObject([
    { event: 'FLOOD' },
    { event: 'AUDIT_OVERFLOW', lost: 50 },
  ])
  expect(lost).toMatchObject([[50, expect.objectContaining({ message: 'too many at once' })]])
})

it('says what a store did not take, and goes on when it does again', async () => {
  let isAway = true
  const transaction: Store['transaction'] = async work => {
    if (isAway) throw new Error('away')
    return await store.transaction(work)
  }
  const troubled = createAuditBuffer({
    store: { ...store, transaction },
    now,
    onLost: (count, error) => void lost.push([count, error]),
  })
  troubled.add({ event: 'LOST' })
  await troubled.flush()
  isAway = false
  troubled.add({ event: 'KEPT' })
  await troubled.flush()
  expect(await names()).toEqual(['KEPT'])
  expect(lost).toMatchObject([[1, expect.objectContaining({ message: 'away' })]])
})
