// A program that uses a store as a process of its own: node writer.ts URL TASK WORDS...
// It says "open", does its task at the next line on its input, and says each thing that the store has acknowledged.
import { createInterface } from 'node:readline'
import { openStore } from '../../../app/store/open-store.ts'
import type { Store } from '../../../app/store/store.ts'
import { hex, holder, NOON, recorded } from './rows.ts'

const [url = '', task = '', ...words] = process.argv.slice(2)

const TASKS: Readonly<Record<string, (store: Store) => Promise<void>>> = {
  async open() {},

  /** Appends so many events, each in a transaction of its own. */
  async append(store) {
    for (let left = Number(words[0]); left > 0; left--) {
      const { sequence } = await store.transaction(within =>
        within.audit.append({ event: 'TEST', at: NOON, process: process.pid }),
      )
      say(sequence)
    }
  },

  /** Tries so often at once to approve a request. */
  async advance(store) {
    const [id = '', times] = words
    const tries = Array.from({ length: Number(times) }, async () => {
      const isWinner = await store.requests.advance(id, 'waiting', { status: 'approved', decidedBy: hex() })
      say(isWinner)
    })
    await Promise.all(tries)
  },

  /** Tries so often at once to add the same person. */
  async add(store) {
    const [commonName = '', times] = words
    const tries = Array.from({ length: Number(times) }, async () => {
      const add = () => store.transaction(within => within.holders.add(holder({ commonName })))
      say(await add().then(() => 'added', String))
    })
    await Promise.all(tries)
  },

  /** Begins and publishes so many revocation lists, each with its number in it. */
  async list(store) {
    for (let left = Number(words[0]); left > 0; ) {
      const after = (await store.revocationLists.newest())?.number ?? 0
      const begun = await store.revocationLists.begin({ now: NOON, until: NOON + 1, after })
      if (!begun) continue
      const list = { ...begun, thisUpdate: NOON, nextUpdate: NOON, entries: 0, der: String(begun.number) }
      say(begun.number, await store.revocationLists.publish(list))
      left -= 1
    }
  },

  /** Revokes each of these, and says since which generation it is on the list. */
  async revoke(store) {
    for (const serial of words) {
      const generation = await store.transaction(async within => {
        await within.certificates.revoke(serial, { at: NOON, reason: 'superseded', by: null })
        return await within.proxyList.generation()
      })
      say(serial, generation)
    }
  },

  /** Issues without end, as the authority does: on record, then issued, each acknowledged. */
  async issue(store) {
    const person = holder()
    await store.holders.add(person)
    for (;;) {
      const row = recorded(person)
      await store.transaction(async within => {
        await within.certificates.record(row)
        await within.audit.append({ event: 'CERTIFICATE_RECORDED', at: NOON, serial: row.serial })
      })
      say(row.serial, 'recorded')
      await store.certificates.complete(row.serial, { pem: 'PEM', fingerprint256: hex(32), issuedAt: NOON })
      say(row.serial, 'issued')
    }
  },
}

function say(...what: readonly unknown[]): void {
  process.stdout.write(`${what.join(' ')}\n`)
}

{
  await using store = await openStore({ url, now: () => new Date(NOON) })
  say('open')
  const lines = createInterface({ input: process.stdin })
  await lines[Symbol.asyncIterator]().next()
  await TASKS[task]?.(store)
  lines.close()
}
