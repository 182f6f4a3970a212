// Promise: when PostgreSQL goes away, callers are told, nothing is half done, and the store works again when it is back.
import { createServer } from 'node:net'
import { Client } from 'pg'
import { describe, expect, it } from 'vitest'
import { openStore } from '../../app/store/open-store.ts'
import { startPostgres, usePostgres } from '../support/postgres.ts'
import { openAt, postgresOf, query } from '../support/store/place.ts'
import { holder, issued, mail, NOON, recorded } from '../support/store/rows.ts'

const server = usePostgres()
const kind = postgresOf(server)
const now = () => new Date(NOON)

function unavailable(why: string) {
  return { code: 'STORE_UNAVAILABLE', message: `The store is not available: ${why}. Try again later.` }
}

async function untilSomebodyWaits(url: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  while ((await client.query(waiting)).rowCount === 0);
  await client.end()
}

async function endConnections(url: string): Promise<void> {
  const database = new URL(url).pathname.slice(1)
  await query(
    server(),
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}' and pid <> pg_backend_pid()`,
  )
}

describe('a connection that is ended', () => {
  it('within a transaction: nothing of it has happened, and the next one works', async () => {
    await using place = await kind.makePlace()
    await using store = await openAt(place)
    const person = holder()
    await store.holders.add(person)
    const row = recorded(person)
    const transaction = store.transaction(async within => {
      await within.certificates.record(row)
      await endConnections(place.url)
      await within.audit.append({ event: 'TEST', at: NOON })
    })
    await expect(transaction).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await store.certificates.find(row.serial)).toBeUndefined()
    await store.certificates.record(row)
  })

  it('just before the end of a transaction: the caller is told', async () => {
    await using place = await kind.makePlace()
    await using store = await openAt(place)
    const person = holder()
    const transaction = store.transaction(async within => {
      await within.holders.add(person)
      await endConnections(place.url)
    })
    await expect(transaction).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await store.holders.find(person.id)).toBeUndefined()
  })

  it('while nobody asks: the process goes on', async () => {
    await using place = await kind.makePlace()
    await using store = await openAt(place)
    await store.ping()
    await endConnections(place.url)
    const asked = await Promise.allSettled([store.ping(), store.ping(), store.ping()])
    for (const outcome of asked) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    }
    await store.ping()
  })
})

describe('a server that', () => {
  it('is stopped without waiting for anybody', async () => {
    await using postgres = await startPostgres()
    await using store = await openStore({ url: postgres.url, now })
    const person = holder()
    await store.holders.add(person)
    await postgres.container.exec(['pg_ctl', 'stop', '--pgdata=/data/17', '--mode=immediate', '--no-wait'])
    await expect(untilFails(() => store.ping())).resolves.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  it('does not listen: STORE_UNAVAILABLE, without the password', async () => {
    const opening = openStore({ url: 'postgres://gatehouse:secret@127.0.0.1:1/none', now })
    await expect(opening).rejects.toMatchObject(unavailable('the database does not answer (ECONNREFUSED)'))
  })

  it('takes connections and says nothing: STORE_UNAVAILABLE', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await using _closing = { [Symbol.asyncDispose]: async () => void silent.close() }
    await new Promise(resolve => silent.once('listening', resolve))
    const { port } = silent.address() as { port: number }
    const opening = openStore({ url: `postgres://gatehouse:secret@127.0.0.1:${port}/none`, now })
    await expect(opening).rejects.toMatchObject(unavailable('the database does not answer'))
  })

  it('refuses the password, or has no such database', async () => {
    const url = new URL(server())
    url.pathname = 'nobody'
    await expect(openStore({ url: url.href, now })).rejects.toMatchObject(
      unavailable('there is no such database'),
    )
    url.password = 'wrong'
    const opening = openStore({ url: url.href, now })
    await expect(opening).rejects.toMatchObject(unavailable('the database refuses the user or the password'))
  })

  it('is a replica that can only be read', async () => {
    await using place = await kind.makePlace()
    await using store = await openAt(place)
    await query(
      server(),
      `alter database ${new URL(place.url).pathname.slice(1)} set default_transaction_read_only = on`,
    )
    await using reading = await openAt(place)
    await expect(reading.holders.add(holder())).rejects.toMatchObject(unavailable('it can only be read'))
    await store.ping()
  })
})

it('hands out a mail once when a second process asks before the first has committed', async () => {
  await using place = await kind.makePlace()
  await using one = await openAt(place)
  await using other = await openAt(place)
  await one.outbox.add(mail())
  const due = { now: NOON, claimUntil: NOON + 1, limit: 10 }
  const second = await one.transaction(async within => {
    expect(await within.outbox.claim(due)).toHaveLength(1)
    const claiming = other.outbox.claim(due)
    await untilSomebodyWaits(place.url)
    return { claiming }
  })
  expect(await second.claiming).toEqual([])
})

it('refuses a text that PostgreSQL cannot hold, in words', async () => {
  await using place = await kind.makePlace()
  await using store = await openAt(place)
  await expect(store.certificates.find('\0')).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
})

it('gives numbers for numbers, beyond 32 bits too', async () => {
  await using place = await kind.makePlace()
  await using store = await openAt(place)
  const person = holder()
  const row = issued(person, { notAfter: Date.UTC(9999, 11, 31) })
  await store.holders.add(person)
  await store.certificates.record(row)
  expect(await store.certificates.find(row.serial)).toEqual(row)
})

async function untilFails(ask: () => Promise<void>): Promise<unknown> {
  try {
    for (;;) await ask()
  } catch (error) {
    return error
  }
}
