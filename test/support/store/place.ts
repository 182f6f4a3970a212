import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'
import { openStore } from '../../../app/store/open-store.ts'
import type { Store } from '../../../app/store/store.ts'
import { temporaryFolder } from '../lab.ts'
import { hex, NOON } from './rows.ts'

/** Where a store can be: empty at first, gone afterwards. */
export interface StorePlace extends AsyncDisposable {
  readonly url: string
  /** As another program does it: while it lasts, nobody can write. */
  lock(): Promise<AsyncDisposable>
  /** Runs a statement past the store, as somebody with access to the database could. */
  tamper(sql: string): Promise<void>
}

export interface StoreKind {
  readonly name: string
  makePlace(): Promise<StorePlace>
}

export function openAt(place: StorePlace, now: () => Date = () => new Date(NOON)): Promise<Store> {
  return openStore({ url: place.url, now })
}

export const sqlite: StoreKind = {
  name: 'SQLite',
  async makePlace() {
    const folder = temporaryFolder()
    const file = join(folder.path, 'store.sqlite')
    return {
      url: `sqlite:${file}`,
      async lock() {
        const other = new DatabaseSync(file)
        other.exec('begin immediate')
        return { [Symbol.asyncDispose]: async () => other.close() }
      },
      async tamper(sql) {
        const other = new DatabaseSync(file)
        other.exec(sql)
        other.close()
      },
      [Symbol.asyncDispose]: async () => folder[Symbol.dispose](),
    }
  },
}

/** @param server URL of a server with a user that may make databases */
export function postgresOf(server: () => string): StoreKind {
  return {
    name: 'PostgreSQL',
    async makePlace() {
      const name = `store_${hex(8).toLowerCase()}`
      await query(server(), `create database ${name}`)
      const url = new URL(server())
      url.pathname = name
      return {
        url: url.href,
        async lock() {
          const other = new Client({ connectionString: url.href })
          await other.connect()
          await other.query('begin')
          await other.query('lock table holders, certificates, requests, audit_head in exclusive mode')
          return { [Symbol.asyncDispose]: () => other.end() }
        },
        tamper: sql => query(url.href, sql),
        [Symbol.asyncDispose]: () => query(server(), `drop database ${name} with (force)`),
      }
    },
  }
}

export async function query(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
