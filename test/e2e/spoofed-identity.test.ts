// Whatever headers a client sends, it is greeted as who it is: by its certificate, or as nobody.
import { describe, expect, it } from 'vitest'
import { HEADER } from '../../proxy-configs/header-contract.ts'
import { ask, person } from '../support/ask.ts'
import { fronts } from '../support/fronts.ts'
import { SPELLINGS } from '../support/spellings.ts'
import { useStack } from '../support/stack.ts'

describe.each(fronts)('$name', front => {
  const stack = useStack(front)

  /** As Cecilia's would look behind a proxy that knows a wrong secret. */
  function forged() {
    const lines = person('cecilia').cert.trim().split('\n').slice(1, -1)
    return [
      [HEADER.clientCert, `:${lines.join('')}:`],
      [HEADER.verify, 'SUCCESS'],
      [HEADER.subject, 'CN=Cecilia Payne,O=Gatehouse'],
      [HEADER.proxySecret, 'a'.repeat(64)],
      [HEADER.via, '1.1 nginx'],
      ['SSL-Client-S-DN-CN', 'Cecilia Payne'],
      ['X-Remote-User', 'Cecilia Payne'],
    ] as const
  }

  it.each([
    { who: 'nobody', level: 'anonymous', greeting: 'Hello Unauthorized!\n' },
    { who: 'grace', level: 'trusted', greeting: 'Hello Grace Hopper!\n' },
  ])('$who stays $who', async ({ who, level, greeting }) => {
    const as = who === 'nobody' ? undefined : person(who)
    const identity = await ask(stack(), { as, path: '/whoami' })
    expect(JSON.parse(identity.body)).toMatchObject({ level })
    for (const spell of Object.values(SPELLINGS)) {
      const headers = forged().map(([name, value]) => [spell(name), value] as const)
      expect(await ask(stack(), { as, headers })).toMatchObject({ status: 200, body: greeting })
      expect((await ask(stack(), { as, headers, path: '/whoami' })).body).toBe(identity.body)
    }
  })
})
