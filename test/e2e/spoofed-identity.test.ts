// Whatever headers a client sends, it is greeted as who it is: by its certificate, or as nobody.
import { beforeAll, describe, expect, it } from 'vitest'
import { HEADER } from '../../proxy-configs/header-contract.ts'
import { ask, type ClientKeys, person } from '../support/ask.ts'
import { fronts } from '../support/fronts.ts'
import { makeClientCa } from '../support/lab.ts'
import { SPELLINGS } from '../support/spellings.ts'
import { useStack } from '../support/stack.ts'
import { GRACE, makeOwn, makeUser, pemOf } from '../unit/app/lab.ts'

let own: ClientKeys
let callers: Readonly<Record<string, ClientKeys | undefined>>
beforeAll(async () => {
  own = pemOf(await makeOwn(GRACE))
  callers = {
    'a certificate of another authority': pemOf(await makeUser(await makeClientCa())),
    'a self-signed certificate': pemOf(await makeOwn(GRACE)),
    grace: person('grace'),
  }
})

describe.each(fronts)('$name', front => {
  const stack = useStack(front)

  /** As an administrator's would look, or a self-signed certificate's, behind a proxy that knows a wrong secret. */
  function forged(certificate: string, verify: string, by: string) {
    const lines = certificate.trim().split('\n').slice(1, -1)
    return [
      [by, `:${lines.join('')}:`],
      [HEADER.verify, verify],
      [HEADER.subject, 'CN=Administrator,O=CA admins'],
      [HEADER.proxySecret, 'a'.repeat(64)],
      [HEADER.via, '1.1 nginx'],
      ['SSL-Client-S-DN-CN', 'Administrator'],
      ['X-Remote-User', 'Administrator'],
    ] as const
  }

  it.each([
    { who: 'nobody', level: 'anonymous', greeting: 'Hello Unauthorized!\n' },
    { who: 'a certificate of another authority', level: 'anonymous', greeting: 'Hello Unauthorized!\n' },
    { who: 'a self-signed certificate', level: 'untrusted', greeting: 'Hello Unauthorized!\n' },
    { who: 'grace', level: 'trusted', greeting: 'Hello Grace Hopper!\n' },
  ])('$who stays $who', async ({ who, level, greeting }) => {
    const as = callers[who]
    const identity = await ask(stack(), { as, path: '/whoami' })
    expect(JSON.parse(identity.body)).toMatchObject({ level })
    for (const spell of Object.values(SPELLINGS)) {
      for (const lie of [
        forged(person('admin').cert, 'SUCCESS', HEADER.clientCert),
        forged(own.cert, 'FAILED:self-signed certificate', HEADER.clientCertUnverified),
      ]) {
        const headers = lie.map(([name, value]) => [spell(name), value] as const)
        expect(await ask(stack(), { as, headers })).toMatchObject({ status: 200, body: greeting })
        expect((await ask(stack(), { as, headers, path: '/whoami' })).body).toBe(identity.body)
      }
    }
  })
})
