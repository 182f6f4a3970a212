// A revoked certificate is refused at the very next request, by the proxy itself, however it comes; and nobody else is.
import { expect, it } from 'vitest'
import { quietly } from '../../scripts/quietly.ts'
import { person } from '../support/ask.ts'
import { describeAtOnce } from '../support/at-once.ts'
import { comingsTo } from '../support/comings.ts'
import { call } from '../support/enrol.ts'
import { eventually } from '../support/eventually.ts'
import { type Fate, fate, fateOf } from '../support/fate.ts'
import { fronts, proxies } from '../support/fronts.ts'
import { issue, newRequest, revoke, revokePast, unhold } from '../support/operator.ts'
import { useStack } from '../support/stack.ts'

const environment = { GATEHOUSE_RENEWAL_OVERLAP_DAYS: '0' }

describeAtOnce('$name', fronts, front => {
  const stack = useStack(front, { environment })
  const refused: Fate = front.name === 'direct' ? 'revoked by the application' : 'revoked'
  const allHaveSaidSo =
    front.name === 'direct' ? [] : [{ name: front.name, refused_after_ms: expect.any(Number) }]

  it.each(comingsTo(front))(
    'refuses a revoked certificate %s, as long as it is revoked',
    async (kind, come) => {
      const { serial, keys } = await issue(stack(), `Bob ${kind}`)
      using bob = await come(stack(), keys)
      using grace = await come(stack(), person('grace'))
      const fates = async () => new Set((await bob.ask()).map(fateOf))
      expect(await fates()).toEqual(new Set(['passed']))

      expect(await revoke(stack(), serial, { reason: 'certificateHold' })).toMatchObject(allHaveSaidSo)
      expect(await fates()).toEqual(new Set([refused]))
      expect(new Set((await grace.ask()).map(fateOf))).toEqual(new Set(['passed']))

      await unhold(stack(), serial)
      await eventually(fates, new Set(['passed']))
      expect(await revoke(stack(), serial)).toMatchObject(allHaveSaidSo)
      expect(await fates()).toEqual(new Set([refused]))
    },
  )

  it('refuses a certificate that was renewed, when its time is over', async () => {
    const { keys } = await issue(stack(), 'Ada')
    const { key, csr } = await newRequest()
    const { json } = await call(stack(), '/pki/renew', { as: keys, body: { csr } })
    await eventually(() => fate(stack(), keys), refused)
    expect(await fate(stack(), { cert: String(json.certificate), key })).toBe('passed')
  })
})

describeAtOnce('$name', proxies, proxy => {
  const stack = useStack(proxy)

  it('goes on refusing while the application hangs, is away, and has started again', async () => {
    const { serial, keys } = await issue(stack(), 'Bob')
    await revoke(stack(), serial)
    const { backendContainer } = stack()
    await quietly`docker pause ${backendContainer}`
    expect(await fate(stack(), keys)).toBe('revoked')
    await quietly`docker unpause ${backendContainer}`
    await stack().restart('backend', async () => expect(await fate(stack(), keys)).toBe('revoked'))
    await eventually(() => fate(stack(), person('grace')), 'passed')
    expect(await fate(stack(), keys)).toBe('revoked')
    const later = await issue(stack(), 'Ada')
    await revoke(stack(), later.serial)
    await eventually(() => fate(stack(), later.keys), 'revoked')
  })

  it('refuses after a restart whom it refused before, and learns who was revoked meanwhile', async () => {
    const before = await issue(stack(), 'Bob before')
    const meanwhile = await issue(stack(), 'Bob meanwhile')
    await revoke(stack(), before.serial)
    await stack().restart('front', async () => {
      expect(await revokePast(stack(), meanwhile.serial)).toMatchObject({
        proxies: [{ name: proxy.name, refused_after_ms: null }],
      })
    })
    await eventually(() => fate(stack(), meanwhile.keys).catch(String), 'revoked')
    expect(await fate(stack(), before.keys)).toBe('revoked')
    expect(await fate(stack(), person('grace'))).toBe('passed')
  })
})
