// Several applications on one PostgreSQL are one gate: a code is good once, no guess is free, a session ends everywhere.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ITSELF } from '../../app/authority/caller.ts'
import type { Gate } from '../../app/gate/gate.ts'
import { openStore } from '../../app/store/open-store.ts'
import { type AppLab, buildApp, configOf } from '../support/app-lab.ts'
import { makeClientCa } from '../support/lab.ts'
import { usePostgres } from '../support/postgres.ts'
import { codeOfSecret, gateConfig } from '../unit/app/gate/gate-lab.ts'
import { SECRET } from '../unit/app/lab.ts'

const postgres = usePostgres()
let clock = Date.now()
let apps: readonly AppLab[]
beforeAll(async () => {
  const ca = await makeClientCa()
  const config = { ...configOf(ca), front: 'proxy', proxySecrets: [SECRET], gate: gateConfig() } as const
  const now = () => new Date(clock)
  apps = await Promise.all(
    [1, 2, 3].map(async () =>
      buildApp({ ca, config, now, context: { store: await openStore({ url: postgres(), now }) } }),
    ),
  )
})
afterAll(async () => {
  for (const app of apps) await app[Symbol.asyncDispose]()
})

/** Asked of each in turn, all at once. */
async function together<Result>(count: number, work: (gate: Gate, index: number) => Promise<Result>) {
  return await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const { gate } = apps[i % apps.length] ?? {}
      if (!gate) throw new Error('There is no gate.')
      return await work(gate, i)
    }),
  )
}

async function setUp(name: string) {
  const [gate] = await together(1, async each => each)
  if (!gate) throw new Error('There is no gate.')
  const { invitation } = await gate.invite(ITSELF, name)
  const { setup, secret } = await gate.beginSetup(ITSELF, { invitation })
  const code = codeOfSecret(secret, 0, new Date(clock))
  const { entry, recoveryCodes } = await gate.confirmSetup(ITSELF, { setup, code })
  clock += 30_000
  return { secret, recoveryCodes, token: entry.token ?? '' }
}

const from = (address: string) => ({ ...ITSELF, address })

it('takes a code once, of 30 at once, and a recovery code as well', async () => {
  const { secret, recoveryCodes } = await setUp('Ada')
  for (const code of [codeOfSecret(secret, 0, new Date(clock)), recoveryCodes[0] ?? '']) {
    const outcomes = await together(30, (gate, i) => gate.logIn(from(`192.0.2.${i}`), { user: 'Ada', code }))
    expect(outcomes.filter(({ kind }) => kind === 'in')).toHaveLength(1)
    clock += 3_600_000
  }
})

it('looks at four of 60 guesses at once', async () => {
  await setUp('Eve')
  const outcomes = await together(60, (gate, i) =>
    gate.logIn(from(`192.0.2.${i}`), { user: 'Eve', code: 'x' }),
  )
  expect(outcomes.filter(({ kind }) => kind === 'refused')).toHaveLength(4)
  expect(outcomes.filter(({ kind }) => kind === 'delayed')).toHaveLength(56)
})

it('makes one user of an invitation that ten finish at once', async () => {
  const [gate] = await together(1, async each => each)
  const { invitation = '' } = (await gate?.invite(ITSELF, 'Mary')) ?? {}
  const outcomes = await together(10, async each => {
    const { setup, secret } = await each.beginSetup(ITSELF, { invitation })
    const code = codeOfSecret(secret, 0, new Date(clock))
    return await each.confirmSetup(ITSELF, { setup, code }).then(
      () => 'made',
      error => error.code,
    )
  })
  expect(outcomes.filter(outcome => outcome === 'made')).toHaveLength(1)
})

it('ends a session everywhere, and tells the proxies of each process', async () => {
  const { token } = await setUp('Hedy')
  const { store, gate: there } = apps[1] ?? {}
  const after = (await store?.gate.ended.generation()) ?? 0
  const follower = { name: 'nginx', address: '192.0.2.1' }
  const { signal } = new AbortController()
  const waiting = there?.proxies.follow(follower, { after, waitMs: 20_000, signal })
  await apps[0]?.gate?.logOut(ITSELF, token)
  expect(await waiting).toBeGreaterThan(after)
  expect(await together(3, gate => gate.who(token))).toEqual([undefined, undefined, undefined])
})
