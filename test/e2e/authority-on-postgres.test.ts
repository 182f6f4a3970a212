// Several applications on one PostgreSQL decide as one: no name, key or request is good for two certificates.
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Caller } from '../../app/authority/caller.ts'
import { ITSELF } from '../../app/authority/caller.ts'
import { openStore } from '../../app/store/open-store.ts'
import { proxyListText } from '../../app/web/proxy-list-text.ts'
import { createSigningRequest } from '../../pki/create-signing-request.ts'
import { verifyChain } from '../../pki/hash-chain.ts'
import { generateKey } from '../../pki/key-type.ts'
import { encodeSigningRequestPem } from '../../pki/pem.ts'
import { type AppLab, buildApp, configOf } from '../support/app-lab.ts'
import { makeClientCa } from '../support/lab.ts'
import { usePostgres } from '../support/postgres.ts'
import { SECRET } from '../unit/app/lab.ts'

const ADMIN: Caller = {
  ...ITSELF,
  identity: { ...ITSELF.identity, level: 'admin', serial: 'AD', fingerprint256: 'AD' },
}
const PROXY = { name: 'nginx', address: '192.0.2.1' }
const NEVER = new AbortController().signal
// As many processes as a small site runs, each with connections of its own.
const APPLICATIONS = 3

const postgres = usePostgres()
let apps: readonly AppLab[]
beforeAll(async () => {
  const ca = await makeClientCa()
  const config = { ...configOf(ca), front: 'proxy', proxySecrets: [SECRET] } as const
  const now = () => new Date()
  apps = await Promise.all(
    Array.from({ length: APPLICATIONS }, async () =>
      buildApp({ ca, config, context: { store: await openStore({ url: postgres(), now }) } }),
    ),
  )
})
afterAll(async () => {
  for (const app of apps) await app[Symbol.asyncDispose]()
})

async function signingRequest(commonName: string): Promise<string> {
  const { privateKey } = await generateKey('ec-p256')
  return encodeSigningRequestPem(
    await createSigningRequest({ subject: [{ type: 'CN', value: commonName }] }, privateKey),
  )
}

/** The same asked of all of them, many times at once: what came of it, and the codes of the refusals. */
async function together<Result>(count: number, work: (app: AppLab, index: number) => Promise<Result>) {
  const asked = Array.from({ length: count }, (_, i) => work(apps[i % apps.length] as AppLab, i))
  const settled = await Promise.allSettled(asked)
  return {
    done: settled.flatMap(each => (each.status === 'fulfilled' ? [each.value] : [])),
    codes: new Set(settled.flatMap(each => (each.status === 'rejected' ? [each.reason.code] : []))),
  }
}

it('makes one certificate of a request that 50 approve at once', async () => {
  const csr = await signingRequest('Ada Lovelace')
  const outcome = await apps[0]?.authority.register(ITSELF, { channel: 'certify', csr, pkcs12: 'compatible' })
  if (outcome?.kind !== 'queued') throw new Error('It should have been queued.')
  const { id, sha256 } = outcome.request
  const { done, codes } = await together(50, ({ authority }) => authority.approve(ADMIN, { id, sha256 }))
  expect(done).toHaveLength(1)
  expect([...codes]).toEqual(['ALREADY_DECIDED'])
})

it('gives a name, in whatever letters, to one of those who ask at once', async () => {
  const names = ['Grace Hopper', 'GRACE HOPPER', 'Grace  Hopper', 'Ｇrace Hopper']
  const { done, codes } = await together(20, ({ authority }, i) =>
    authority.register(ITSELF, {
      channel: 'register',
      commonName: names[i % names.length],
      pkcs12: 'compatible',
    }),
  )
  expect(done).toHaveLength(1)
  expect([...codes]).toEqual(['NAME_TAKEN'])
})

it('certifies a key once, whatever names it is brought with', async () => {
  const csr = await signingRequest('Nobody')
  const { done, codes } = await together(12, ({ authority }, i) =>
    authority.issue(ADMIN, { commonName: `Key holder ${i}`, csr, pkcs12: 'compatible' }),
  )
  expect(done).toHaveLength(1)
  expect([...codes]).toEqual(['KEY_TAKEN'])
})

it('tells a proxy that waits at one of them at once of whoever is revoked at another', async () => {
  const [here, there] = apps
  if (!here || !there) throw new Error('There should be two.')
  const { row } = await here.authority.issue(ADMIN, { commonName: 'Ada Byron', pkcs12: 'compatible' })
  const after = await there.authority.proxies.follow(PROXY, { after: 0, waitMs: 0, signal: NEVER })
  const waiting = there.authority.proxies.follow(PROXY, { after, waitMs: 20_000, signal: NEVER })
  await here.authority.revoke(ADMIN, { serial: row.serial, reason: 'keyCompromise' })
  const to = await waiting
  const text: string[] = []
  const question = { nonce: '0123456789abcdef', from: after, to }
  for await (const piece of proxyListText(there.store, question, SECRET)) text.push(piece)
  expect(text.join('')).toContain(`\n+${row.serial}\n`)
})

it('signs for different people at once, in one unbroken trail', async () => {
  const requests = await Promise.all(Array.from({ length: 60 }, (_, i) => signingRequest(`Person ${i}`)))
  const { done } = await together(60, ({ authority }, i) =>
    authority.issue(ADMIN, { csr: requests[i], pkcs12: 'compatible' }),
  )
  expect(new Set(done.map(({ row }) => row.serial)).size).toBe(60)
  const events = (await apps[0]?.store.audit.list({ after: 0, limit: 10_000 })) ?? []
  expect(events.length).toBeGreaterThan(120)
  expect(verifyChain(events).fault).toBeUndefined()
})
