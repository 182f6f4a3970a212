// With CLIENT_CERT=require nobody passes without a good certificate of the client CA, whichever front it is.
import { beforeAll, describe, expect, it } from 'vitest'
import { PROFILES } from '../../pki/profiles.ts'
import { type ClientKeys, person } from '../support/ask.ts'
import { askWithAny, clientCa } from '../support/forge.ts'
import { type Front, fronts, proxies } from '../support/fronts.ts'
import { makeClientCa } from '../support/lab.ts'
import { useStack } from '../support/stack.ts'
import { VERSIONS, visit } from '../support/visit.ts'
import { GRACE, makeOwn, makeUser, pemOf } from '../unit/app/lab.ts'

const DAY_MS = 86_400_000

interface Stranger {
  readonly make: () => Promise<ClientKeys | undefined>
  /** What the application says of it; the proxies have one sentence for all. */
  readonly reason: RegExp
  /** What OpenSSL finds wrong with it: Apache then ends the handshake. */
  readonly isInvalid?: boolean
}

const STRANGERS: Readonly<Record<string, Stranger>> = {
  nobody: { make: async () => undefined, reason: /is required/ },
  'a self-signed certificate': {
    make: async () => pemOf(await makeOwn(GRACE)),
    reason: /untrusted here/,
  },
  'a certificate of a foreign CA': {
    make: async () => pemOf(await makeUser(await makeClientCa())),
    reason: /not issued by this authority/,
  },
  'an expired certificate': {
    make: async () => pemOf(await makeUser(await clientCa(), { now: new Date(Date.now() - 99 * DAY_MS) })),
    reason: /expired at .*days ago/,
    isInvalid: true,
  },
  'a certificate for servers': {
    make: async () => pemOf(await makeUser(await clientCa(), { profile: PROFILES.server })),
    reason: /does not name clientAuth/,
    isInvalid: true,
  },
}

let strangers: Readonly<Record<string, ClientKeys | undefined>>
beforeAll(async () => {
  const made = Object.entries(STRANGERS).map(async ([who, { make }]) => [who, await make()] as const)
  strangers = Object.fromEntries(await Promise.all(made))
})

const endsHandshake = (front: Front, who: string) =>
  front.invalidCertificate === 'tls-alert' && STRANGERS[who]?.isInvalid === true

// The proxy alone: what stands behind it would let everybody in.
describe.each(proxies)('$name before any back end', proxy => {
  const stack = useStack(proxy, { clientCert: 'require', backend: 'echo' })

  it.each(Object.keys(STRANGERS))('refuses %s, also when he comes back with a session', async who => {
    const as = strangers[who]
    for (const version of VERSIONS) {
      let session: Buffer | undefined
      for (const path of ['/', '/', '/app/', '/healthz', '/whoami?x=1']) {
        const answer = visit(stack(), { as, version, path, ...(session && { session }) })
        if (endsHandshake(proxy, who)) await expect(answer).rejects.toThrow(/SSL alert number \d+/)
        else {
          expect(await answer).toMatchObject({ status: 403, body: expect.stringContaining('is required.\n') })
          session = (await answer).session
        }
      }
    }
    // HAProxy asks the back end whether it is ready.
    const requests = stack().backendLog.lines.filter(line => !line.includes('"url":"/readyz"'))
    expect(requests).toEqual([])
  })

  it('lets grace in', async () => {
    expect(await askWithAny(stack(), person('grace'), '/')).toMatchObject({ status: 200 })
  })
})

describe.each(fronts)('$name', front => {
  const stack = useStack(front, { clientCert: 'require' })

  it.each(Object.entries(STRANGERS))('refuses %s, on a resumed session too', async (who, { reason }) => {
    if (endsHandshake(front, who)) {
      await expect(askWithAny(stack(), strangers[who])).rejects.toThrow(/SSL alert number \d+/)
      return
    }
    const words = front.name === 'direct' ? reason : /is required/
    for (const version of VERSIONS) {
      const first = await visit(stack(), { as: strangers[who], version })
      const second = await visit(stack(), { as: strangers[who], version, session: first.session })
      for (const { status, body } of [first, second]) {
        expect({ status, body }).toEqual({ status: 403, body: expect.stringMatching(words) })
      }
    }
  })

  it('refuses what only the application finds bad', async () => {
    const authority = await makeUser(await clientCa(), { profile: { ...PROFILES.client, isCa: true } })
    expect(await askWithAny(stack(), pemOf(authority), '/')).toMatchObject({
      status: 403,
      body: expect.stringContaining('belongs to a certificate authority'),
    })
  })

  it.each(VERSIONS)('lets grace in with %s, on a resumed session too', async version => {
    const as = person('grace')
    const { session, ...first } = await visit(stack(), { as, version, path: '/' })
    const second = await visit(stack(), { as, version, path: '/', session })
    for (const answer of [first, second]) {
      expect(answer).toMatchObject({ status: 200, body: 'Hello Grace Hopper!\n' })
    }
    expect([first.isResumed, second.isResumed]).toEqual([false, true])
  })
})
