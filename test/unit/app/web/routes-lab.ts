import { type Kysely, sql } from 'kysely'
import { createStore } from '../../../../app/store/create-store.ts'
import type { Database } from '../../../../app/store/database.ts'
import { openDatabase } from '../../../../app/store/open-store.ts'
import { applicant, type Headers, NOBODY } from '../api-lab.ts'
import { type GateLab, gateLab, withCookie } from '../gate/gate-lab.ts'
import { type RouteOf, routesOf } from './routes-of.ts'

/** A route with names of things that there are in place of its parameters. */
export interface FilledRoute extends RouteOf {
  readonly filled: string
  /** Its methods that are not for reading. */
  readonly changing: readonly ('post' | 'delete')[]
}

/** What paths name. */
export interface Things {
  readonly request: string
  readonly serial: string
  readonly paste: string
  readonly user: string
}

export interface RoutesLab extends GateLab {
  /** All of an application that has all it can have: a gate, proxies, and a client CA that signs. */
  readonly routes: readonly FilledRoute[]
  readonly waiting: { readonly id: string; readonly sha256: string }
  /** Of somebody who is logged in. */
  readonly session: Headers
  /** Each row of each table, but for the trail: whoever was refused is in it. */
  dump(): Promise<unknown>
}

/** One of everything that a path can name is in its store. */
export async function routesLab(): Promise<RoutesLab> {
  const db = await openDatabase({ url: 'sqlite::memory:' })
  const lab = await gateLab({ store: createStore(db, () => new Date()) })
  // The key of challenges is made with the first of them.
  await lab.proof()
  const { csr } = await applicant('Ada')
  const { body: waiting } = await lab
    .post('/tlsauth/certify/', NOBODY, { csr })
    .set('Accept', 'application/json')
  const { body: paste } = await lab.paste(lab.admin.headers, 'kept')
  const { cookie } = await lab.invited('Ida')
  const [user] = await lab.store.gate.users.list({ now: 0, after: '', limit: 1 })
  await lab.authority.revocationLists.publish()
  const { serialNumber: serial } = lab.grace.certificate
  const things = { request: waiting.id, serial, paste: paste.id, user: user?.id ?? '' }
  const routes = routesOf(lab.app).map(route => ({
    ...route,
    filled: filledIn(route.path, things),
    changing: route.methods.filter(method => method !== 'get') as FilledRoute['changing'],
  }))
  return { ...lab, routes, waiting, session: withCookie(cookie), dump: () => dumpOf(db) }
}

const PARAMETERS: readonly (readonly [place: RegExp, thing: keyof Things | 'ocsp'])[] = [
  [/^\/pki\/ocsp\//, 'ocsp'],
  [/^\/(pki|admin)\/requests\/|^\/tlsauth\//, 'request'],
  [/^\/(pki|admin\/certificates)\//, 'serial'],
  [/^\/pastes\//, 'paste'],
  [/^\/(admin\/gate|_auth\/users)\//, 'user'],
]

/** @param path as Express writes it @throws when nobody knows what is meant, which is a reason to add it here */
export function filledIn(path: string, things: Things): string {
  return path.replaceAll(/[:*]\w+/g, parameter => {
    const [, thing] = PARAMETERS.find(([place]) => place.test(path)) ?? []
    if (!thing) throw new Error(`${path}: no thing is known for ${parameter}.`)
    return { ...things, ocsp: 'MAA=' }[thing]
  })
}

async function dumpOf(db: Kysely<Database>): Promise<unknown> {
  const tables = (await db.introspection.getTables()).filter(({ name }) => !name.startsWith('audit_'))
  const rowsOf = async (name: string) => (await sql`select * from ${sql.table(name)}`.execute(db)).rows
  return await Promise.all(tables.map(async ({ name }) => [name, await rowsOf(name)]))
}
