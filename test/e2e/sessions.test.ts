// A resumed TLS session is whoever made it, never anybody else and never longer than the certificate is good.
import { beforeAll, describe, expect, it } from 'vitest'
import { HEADER } from '../../proxy-configs/header-contract.ts'
import { ask, type ClientKeys, type Echo, HOST, person, received, sendRaw } from '../support/ask.ts'
import { clientCa } from '../support/forge.ts'
import { fronts, proxies } from '../support/fronts.ts'
import { makeClientCa } from '../support/lab.ts'
import { useStack } from '../support/stack.ts'
import { VERSIONS, type Visit, type VisitOptions, visit } from '../support/visit.ts'
import { GRACE, makeOwn, makeUser, pemOf } from '../unit/app/lab.ts'

let own: ClientKeys
let foreign: ClientKeys
beforeAll(async () => {
  own = pemOf(await makeOwn(GRACE))
  foreign = pemOf(await makeUser(await makeClientCa()))
})

const TIMES = 3
const identity = ({ body }: Visit) => JSON.parse(body)

describe.each(fronts)('$name', front => {
  const stack = useStack(front)

  /** One visit after the other, each on the session of the one before. */
  async function comeBack(version: VisitOptions['version'], as?: ClientKeys): Promise<readonly unknown[]> {
    const visits: Visit[] = []
    for (let i = 0; i < TIMES; i++) {
      const session = visits.at(-1)?.session
      visits.push(await visit(stack(), { version, as, ...(session && { session }) }))
    }
    expect(visits.map(({ isResumed }) => isResumed)).toEqual([false, true, true])
    return visits.map(identity)
  }

  const always = (expected: object) => Array.from({ length: TIMES }, () => expect.objectContaining(expected))

  describe.each(VERSIONS)('with %s', version => {
    it('grace is still grace', async () => {
      const grace = { level: 'trusted', name: 'Grace Hopper', verify: 'SUCCESS' }
      expect(await comeBack(version, person('grace'))).toEqual(always(grace))
    })

    it('nobody is still nobody', async () => {
      const nobody = { level: 'anonymous', fingerprint256: null, verify: 'NONE' }
      expect(await comeBack(version)).toEqual(always(nobody))
    })

    it('a self-signed certificate is still no more than that', async () => {
      const untrusted = { level: 'untrusted', name: null, verify: 'FAILED:self-signed certificate' }
      expect(await comeBack(version, own)).toEqual(always(untrusted))
    })

    it('a foreign certificate is still nobody', async () => {
      const nobody = { level: 'anonymous', name: null, verify: 'FAILED:unknown issuer' }
      expect(await comeBack(version, foreign)).toEqual(always(nobody))
    })

    it.each([
      ['grace', 'cecilia', 'Grace Hopper', 'Cecilia Payne'],
      ['nobody', 'grace', null, 'Grace Hopper'],
      ['grace', 'nobody', 'Grace Hopper', null],
    ])('the session of %s is not one of %s', async (first, second, made, shown) => {
      const as = (who: string) => (who === 'nobody' ? undefined : person(who))
      const { session } = await visit(stack(), { version, as: as(first) })
      const later = await visit(stack(), { version, as: as(second), session })
      // Who has the session has made it; who makes a new one shows a certificate.
      expect(identity(later).name).toBe(later.isResumed ? made : shown)
    })
  })

  it('ends with the certificate', async () => {
    const seconds = 6
    const now = new Date(Date.now() - 86_400_000 + 5 * 60_000 + (seconds + 1) * 1000)
    const as = pemOf(await makeUser(await clientCa(), { now, days: 1 }))
    const sessions = new Map<VisitOptions['version'], Buffer>()
    for (const version of VERSIONS) {
      const first = await visit(stack(), { version, as })
      expect(identity(first)).toMatchObject({ level: 'trusted' })
      sessions.set(version, first.session)
    }
    await expect
      .poll(() => comeBackOnce(as, sessions), { timeout: 30_000, interval: 500 })
      .toEqual(VERSIONS.map(() => 'FAILED:certificate has expired'))
  })

  async function comeBackOnce(as: ClientKeys, sessions: ReadonlyMap<VisitOptions['version'], Buffer>) {
    return await Promise.all(
      [...sessions].map(async ([version, session]) => {
        const later = await visit(stack(), { version, as, session })
        return later.isResumed ? identity(later).verify : 'not resumed'
      }),
    )
  }
})

// What a proxy itself says: our application would see through a wrong SUCCESS, another back end would not.
describe.each(proxies)('$name by itself', proxy => {
  const stack = useStack(proxy, { backend: 'echo' })
  const said = (echo: Echo) => [HEADER.verify, HEADER.clientCert].map(name => received(echo, name))
  const refused = [[expect.stringMatching(/^FAILED:/)], []]

  describe.each(VERSIONS)('with %s', version => {
    it('never says SUCCESS of a stranger who comes back', async () => {
      for (const as of [own, foreign]) {
        let session: Buffer | undefined
        for (let i = 0; i < TIMES; i++) {
          const again = await visit(stack(), { version, as, path: '/', ...(session && { session }) })
          expect(said(JSON.parse(again.body))).toEqual(refused)
          session = again.session
        }
      }
    })

    it('never says SUCCESS of a stranger who asks again, on a new or a resumed connection', async () => {
      const request = `GET / HTTP/1.1\r\nHost: ${HOST}:${stack().port}\r\n`
      const requests = `${`${request}\r\n`.repeat(TIMES)}${request}Connection: close\r\n\r\n`
      for (const as of [own, foreign]) {
        const { session } = await visit(stack(), { version, as, path: '/' })
        for (const resumed of [{}, { session }]) {
          const tls = { minVersion: version, maxVersion: version, ...resumed }
          const answers = await sendRaw(stack(), requests, { as, tls })
          const echoes = answers.match(/^\{.*\}/gm) ?? []
          expect(echoes.map(echo => said(JSON.parse(echo)))).toEqual(Array(TIMES + 1).fill(refused))
        }
      }
    })

    it('never says SUCCESS of a stranger over HTTP/2', async () => {
      for (const as of [own, foreign]) {
        const { session } = await visit(stack(), { version, as, path: '/' })
        const tls = { minVersion: version, maxVersion: version, session }
        const { body } = await ask(stack(), { as, http: 2, tls })
        expect(said(JSON.parse(body))).toEqual(refused)
      }
    })
  })
})
