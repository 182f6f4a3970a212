// The command `gatehouse` does through every front what it does without one.
import { describe, expect, inject, it } from 'vitest'
import { fronts } from '../support/fronts.ts'
import { useStack } from '../support/stack.ts'
import { makeHome } from '../unit/cli/lab.ts'

describe.each(fronts)('$name', front => {
  const stack = useStack(front)

  it('registers, has a request approved, renews, revokes, and verifies the trail', async () => {
    using home = makeHome()
    using office = makeHome()
    const keys = inject('keys')
    const server = `https://gatehouse.localhost:${stack().port}/`
    const json = async (who: typeof home, ...words: string[]) => {
      const outcome = await who.gatehouse(['--json', ...words])
      return { exitCode: outcome.exitCode, ...JSON.parse(outcome.stdout) }
    }
    for (const who of [home, office])
      await who.gatehouse(['config', 'server', server, '--ca', `${keys}/root.pem`])
    await office.gatehouse([
      'config',
      'identity',
      '--cert',
      `${keys}/admin.crt`,
      '--key',
      `${keys}/admin.key`,
    ])

    expect(await json(home, 'pki', 'list')).toMatchObject({ exitCode: 3, error: { code: 'CERT_MISSING' } })
    const registered = await json(home, 'register', '--name', 'Ada Lovelace', '--configure')
    expect(registered).toMatchObject({ exitCode: 0 })
    const me = await json(home, 'whoami')
    expect(me).toMatchObject({ level: 'trusted', name: 'Ada Lovelace', via: front.name })
    expect(await json(home, 'pki', 'issue', '--name', 'Mallory')).toMatchObject({ exitCode: 3 })

    expect(await json(home, 'renew')).toMatchObject({ exitCode: 0 })
    const renewed = await json(home, 'whoami')
    expect(renewed).toMatchObject({ name: 'Ada Lovelace' })
    expect(renewed.serial).not.toBe(me.serial)

    expect(await json(office, 'pki', 'revoke', renewed.serial, '--reason', 'keyCompromise')).toMatchObject({
      exitCode: 0,
      status: 'revoked',
    })
    expect(await json(home, 'whoami')).toMatchObject({ exitCode: 3, error: { code: 'CERT_REVOKED' } })
    expect(await json(office, 'pki', 'revoke', renewed.serial)).toMatchObject({ exitCode: 5 })
    expect(await json(office, 'pki', 'revoke', '00'.repeat(16))).toMatchObject({ exitCode: 4 })
    expect(await json(office, 'audit', 'verify')).toMatchObject({ exitCode: 0 })
  })
})
