// A store with a past: what pages show of an authority that has worked for a while.
import { X509Certificate } from 'node:crypto'
import { chownSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Authority, openAuthority } from '../../app/authority/authority.ts'
import { type Caller, ITSELF } from '../../app/authority/caller.ts'
import type { AuthorityContext } from '../../app/authority/decide.ts'
import { createLedgerImport } from '../../app/authority/import-ledger.ts'
import { POLICIES } from '../../app/authority/policy.ts'
import { enrolmentOf } from '../../app/config-enrolment.ts'
import { NO_POST } from '../../app/mail/post.ts'
import { openStore } from '../../app/store/open-store.ts'
import { parseCertificate } from '../../pki/parse-certificate.ts'
import { decodeCertificatePem } from '../../pki/pem.ts'
import type { RevocationReason } from '../../pki/revocation-reason.ts'
import { unsealKey } from '../../pki/sealed-key.ts'
import { containerOwner } from '../../scripts/compose-env.ts'
import { makeRequest } from './make-request.ts'
import { newRequest } from './operator.ts'

const DAY_MS = 86_400_000

const PEOPLE = [
  'Ada Lovelace',
  'Alan Turing',
  'Annie Jump Cannon',
  'Barbara Liskov',
  'Dorothy Vaughan',
  'Edsger Dijkstra',
  'Emmy Noether',
  'Frances Allen',
  'Hedy Lamarr',
  'Henrietta Swan Leavitt',
  'Jean Bartik',
  'Joan Clarke',
  'John Backus',
  'Karen Spärck Jones',
  'Katherine Johnson',
  'Lise Meitner',
  'Margaret Hamilton',
  'Mary Jackson',
  'Radia Perlman',
  'Sofja Kowalewskaja',
  'Tony Hoare',
  'Vera Rubin',
]

/** Whose certificates end before their time, so many days ago. */
const ENDED: readonly (readonly [name: string, daysAgo: number, reason: RevocationReason])[] = [
  ['Alan Turing', 26, 'keyCompromise'],
  ['Hedy Lamarr', 12, 'superseded'],
  ['John Backus', 12, 'affiliationChanged'],
  ['Emmy Noether', 3, 'certificateHold'],
]

export interface Past {
  /** Serial numbers of certificates: a good one, and one that is revoked. */
  readonly good: string
  readonly revoked: string
  /** Of requests. */
  readonly waiting: string
  readonly rejected: string
  readonly approved: string
}

const SOMEBODY: Caller = { ...ITSELF, address: '192.0.2.7' }

/** Whoever has that certificate of the key set. */
function administrator(keys: string): Caller {
  const { serialNumber } = new X509Certificate(readFileSync(join(keys, 'admin.crt')))
  const identity = {
    ...ITSELF.identity,
    level: 'admin',
    name: 'Administrator',
    serial: serialNumber,
  } as const
  return { ...ITSELF, identity }
}

async function openPast(folder: string, keys: string, now: () => Date): Promise<AuthorityContext> {
  const read = (name: string) => readFileSync(join(keys, name), 'utf8')
  const issuer = await parseCertificate(decodeCertificatePem(read('client-ca.pem')))
  const passphrase = read('private/client-ca.passphrase').trim()
  const privateKey = await unsealKey(read('private/client-ca.key.jwe'), passphrase)
  return {
    store: await openStore({ url: `sqlite:${join(folder, 'gatehouse.sqlite')}`, now }),
    issuer,
    signer: { certificate: issuer, privateKey },
    rules: enrolmentOf({}).rules,
    policy: POLICIES.queue,
    post: NO_POST,
    publish: () => undefined,
    now,
  }
}

/**
 * Makes the store of an application in a folder that its container gets: eighty days of decisions, by the application's
 * own rules, whose clock is set back for it.
 */
export async function makePast(folder: string, keys: string): Promise<Past> {
  const today = Date.now()
  let clock = today
  const context = await openPast(folder, keys, () => new Date(clock))
  const authority = openAuthority(context)
  const admin = administrator(keys)
  const serials = new Map<string, string>()
  const events = [
    ...PEOPLE.map((commonName, index) => ({
      // Closer together as more people come.
      daysAgo: 80 * (1 - index / PEOPLE.length) ** 2,
      run: async () => void serials.set(commonName, await issue(authority, admin, commonName)),
    })),
    ...ENDED.map(([name, daysAgo, reason]) => ({
      daysAgo,
      run: () => authority.revoke(admin, { serial: serials.get(name) ?? '', reason }),
    })),
  ]
  for (const { daysAgo, run } of events.toSorted((one, other) => other.daysAgo - one.daysAgo)) {
    clock = today - daysAgo * DAY_MS
    await run()
  }
  clock = today
  await createLedgerImport(context, join(keys, 'issued.pem'))()
  const requests = await makeRequests(authority, admin)
  await context.store[Symbol.asyncDispose]()
  giveAway(folder)
  return { good: serials.get('Ada Lovelace') ?? '', revoked: serials.get('Alan Turing') ?? '', ...requests }
}

async function issue(authority: Authority, admin: Caller, commonName: string): Promise<string> {
  const { csr } = await newRequest()
  const organisation = 'Observatory'
  const email = `${commonName.split(' ').at(-1)?.toLowerCase()}@gatehouse.localhost`
  const { row } = await authority.issue(admin, {
    commonName,
    organisation,
    email: /^[a-z@.]+$/.test(email) ? email : undefined,
    csr,
    pkcs12: 'modern',
  })
  return row.serial
}

async function makeRequests(authority: Authority, admin: Caller) {
  const ask = async (commonName: string, csr?: string) => {
    const wish = { commonName, organisation: 'Observatory', pkcs12: 'modern', csr } as const
    const outcome = await authority.register(SOMEBODY, { ...wish, channel: csr ? 'certify' : 'register' })
    if (outcome.kind !== 'queued') throw new Error('The policy does not queue.')
    return outcome.request
  }
  const rejected = await ask('Charles Babbage')
  await authority.reject(admin, { id: rejected.id, reason: 'Ask with the address of your institute.' })
  const approved = await ask('Mary Kenneth Keller')
  await authority.approve(admin, approved)
  await ask('Evelyn Boyd Granville')
  const csr = makeRequest({
    subject: '/O=Observatory/CN=Maria Mitchell',
    extensions: ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign'],
  })
  const waiting = await ask('Maria Mitchell', csr)
  return { waiting: waiting.id, rejected: rejected.id, approved: approved.id }
}

/** To whoever the application runs as. */
export function giveAway(folder: string): void {
  const { uid, gid } = containerOwner()
  for (const path of [folder, ...readdirSync(folder).map(name => join(folder, name))])
    chownSync(path, uid, gid)
}
