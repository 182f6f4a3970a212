// Every front says the same of the same caller, byte for byte; only the way there differs.
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { parseCertificate } from '../../pki/parse-certificate.ts'
import { decodeCertificatePem } from '../../pki/pem.ts'
import { ask, type ClientKeys, person } from '../support/ask.ts'
import { clientCa, fingerprintOf } from '../support/forge.ts'
import { fronts } from '../support/fronts.ts'
import { makeClientCa } from '../support/lab.ts'
import { useStack } from '../support/stack.ts'
import { GRACE, makeOwn, makeUser, pemOf } from '../unit/app/lab.ts'

const NOBODY = {
  level: 'anonymous',
  name: null,
  organisation: null,
  email: null,
  serial: null,
  fingerprint256: null,
  notAfter: null,
}

function technical(as: ClientKeys) {
  const { serialNumber, notAfter } = parseCertificate(decodeCertificatePem(as.cert))
  return { serial: serialNumber, fingerprint256: fingerprintOf(as), notAfter: notAfter.toISOString() }
}

function known(who: string, level: string, name: string, organisation: string) {
  const as = person(who)
  const email = `${who}@gatehouse.localhost`
  return { as, expected: { level, name, organisation, email, ...technical(as), verify: 'SUCCESS' } }
}

interface Caller {
  readonly as?: ClientKeys
  /** In the order in which it is written. */
  readonly expected: object
}

let callers: Readonly<Record<string, Caller>>
beforeAll(async () => {
  const own = pemOf(await makeOwn(GRACE))
  const unknown = { ...NOBODY, level: 'untrusted', ...technical(own) }
  callers = {
    nobody: { expected: { ...NOBODY, verify: 'NONE' } },
    grace: known('grace', 'trusted', 'Grace Hopper', 'Gatehouse'),
    cecilia: known('cecilia', 'trusted', 'Cecilia Payne', 'Gatehouse'),
    admin: known('admin', 'admin', 'Administrator', 'CA admins'),
    'self-signed': { as: own, expected: { ...unknown, verify: 'FAILED:self-signed certificate' } },
    'of a foreign CA': {
      as: pemOf(await makeUser(await makeClientCa())),
      expected: { ...NOBODY, verify: 'FAILED:unknown issuer' },
    },
    'without e-mail address': await withoutEmail(),
  }
})

async function withoutEmail(): Promise<Caller> {
  const as = pemOf(await makeUser(await clientCa(inject('keys')), { emails: [] }))
  const named = { level: 'trusted', name: 'Grace Hopper', organisation: 'Gatehouse', email: null }
  return { as, expected: { ...named, ...technical(as), verify: 'SUCCESS' } }
}

describe.each(fronts)('$name', front => {
  const stack = useStack(front)

  it.each([
    'nobody',
    'grace',
    'cecilia',
    'admin',
    'self-signed',
    'of a foreign CA',
    'without e-mail address',
  ])('says what it knows of a caller: %s', async who => {
    const { as, expected } = callers[who] ?? expect.fail()
    for (const http of front.name === 'direct' ? ([1] as const) : ([1, 2] as const)) {
      const { status, headers, body } = await ask(stack(), { path: '/whoami', as, http })
      expect({ status, body }).toEqual({
        status: 200,
        body: `${JSON.stringify({ ...expected, via: front.name })}\n`,
      })
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        vary: expect.stringContaining('Client-Cert'),
      })
    }
  })
})
