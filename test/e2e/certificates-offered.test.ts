// No certificate makes anybody trusted but a good one of the client CA.
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import type { Certificate } from 'pkijs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Authority, issueCertificate } from '../../pki/issue-certificate.ts'
import { OID } from '../../pki/object-identifiers.ts'
import { encodeCertificatePem } from '../../pki/pem.ts'
import { PROFILES } from '../../pki/profiles.ts'
import type { ClientKeys } from '../support/ask.ts'
import { copiedKeys } from '../support/copied-keys.ts'
import { askWithAny, clientCa, forge, named, pem, serialOf } from '../support/forge.ts'
import { fronts } from '../support/fronts.ts'
import { makeClientCa } from '../support/lab.ts'
import { useStack } from '../support/stack.ts'
import { GRACE, makeOwn, makeUser, pemOf } from '../unit/app/lab.ts'

const DAY_MS = 86_400_000
let ca: Authority
// MD5 takes a signature by RSA: a second client CA beside the usual one, as while an authority is replaced.
let rsaCa: Authority
const keys = copiedKeys()
beforeAll(async () => {
  ca = await clientCa()
  rsaCa = await makeClientCa('rsa-2048')
  const file = `${keys.path}/client-ca.pem`
  writeFileSync(file, readFileSync(file, 'utf8') + encodeCertificatePem(rsaCa.certificate.der))
})
afterAll(() => keys[Symbol.dispose]())

const without = (oid: string) => (certificate: Certificate) => {
  certificate.extensions = (certificate.extensions ?? []).filter(({ extnID }) => extnID !== oid)
}
const shift = (days: number) => new Date(Date.now() + days * DAY_MS)
const issued = (wish: Parameters<typeof makeUser>[1]) => async () => pemOf(await makeUser(ca, wish))
const forged = (change: (certificate: Certificate) => void) => () => forge(ca, { change })

function toVersion1(certificate: Certificate): void {
  certificate.version = 0
  delete certificate.extensions
}

/** The issuer's name and no identifier of its key: the signature alone tells. */
async function wronglySigned(): Promise<ClientKeys> {
  return await forge(await makeClientCa(), { change: without(OID.authorityKeyIdentifier) })
}

/** The chain ends in a self-signed certificate that is not ours. */
async function withItsAuthority(): Promise<ClientKeys> {
  const other = await makeClientCa()
  const { cert, key } = pemOf(await makeUser(other))
  return { cert: cert + encodeCertificatePem(other.certificate.der), key }
}

async function weak(): Promise<ClientKeys> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const request = { profile: PROFILES.client, subject: GRACE, now: new Date() }
  return pem((await issueCertificate(request, publicKey, ca)).der, privateKey)
}

interface Bad {
  readonly what: string
  readonly make: () => Promise<ClientKeys>
  readonly reason: string
  /** Of Apache, which ends the handshake for what OpenSSL finds wrong. */
  readonly alert?: number
}

const UNSUITABLE = 'unsuitable certificate'
const BAD: readonly Bad[] = [
  { what: 'expired', make: issued({ now: shift(-99) }), reason: 'certificate has expired', alert: 45 },
  {
    what: 'not yet valid',
    make: issued({ now: shift(1) }),
    reason: 'certificate is not yet valid',
    alert: 42,
  },
  {
    what: 'of another CA of the same name',
    make: async () => pemOf(await makeUser(await makeClientCa())),
    reason: 'unknown issuer',
  },
  {
    what: 'of another CA of the same name, which comes with it',
    make: withItsAuthority,
    reason: 'unknown issuer',
  },
  {
    what: 'of another CA of the same name, by its signature only',
    make: wronglySigned,
    reason: 'invalid signature',
    alert: 51,
  },
  {
    what: 'self-signed in the name of the CA',
    make: async () => pemOf(await makeOwn([...ca.certificate.subject])),
    reason: 'unknown issuer',
  },
  {
    what: 'for servers only',
    make: issued({ profile: PROFILES.server }),
    reason: UNSUITABLE,
    alert: 43,
  },
  {
    what: 'without digitalSignature',
    make: issued({ profile: { ...PROFILES.client, keyUsage: ['cRLSign'] } }),
    reason: UNSUITABLE,
    alert: 43,
  },
  { what: 'a CA', make: issued({ profile: { ...PROFILES.client, isCa: true } }), reason: UNSUITABLE },
  { what: 'without extended key usage', make: forged(without(OID.extendedKeyUsage)), reason: UNSUITABLE },
  { what: 'of version 1', make: forged(toVersion1), reason: UNSUITABLE },
  ...['00', '85AABB', '11'.repeat(21)].map(serial => ({
    what: `with the serial number ${serial}`,
    make: forged(certificate => {
      certificate.serialNumber = serialOf(serial)
    }),
    reason: UNSUITABLE,
  })),
  { what: 'with RSA of 1024 bit', make: weak, reason: UNSUITABLE, alert: 42 },
  { what: 'with SHA-1', make: () => forge(ca, { hash: 'sha1' }), reason: UNSUITABLE, alert: 42 },
  { what: 'with MD5', make: () => forge(rsaCa, { hash: 'md5' }), reason: UNSUITABLE, alert: 42 },
  ...(
    [
      ['without a subject', []],
      ['with the name (null)', [['CN', '(null)']]],
      ['with a blank name', [['CN', '  ']]],
      ['with an organisation only', [['O', 'CA admins']]],
    ] as const
  ).map(([what, name]) => ({
    what,
    make: forged(named(...name.map(attribute => [attribute]))),
    reason: UNSUITABLE,
  })),
]

describe.each(fronts)('$name', front => {
  const stack = useStack(front, { keys: keys.path })

  it.each(BAD)('does not trust one $what', async ({ make, reason, alert }) => {
    const answer = askWithAny(stack(), await make())
    if (alert !== undefined && front.invalidCertificate === 'tls-alert') {
      await expect(answer).rejects.toThrow(`SSL alert number ${alert}`)
      return
    }
    const nobody = { level: 'anonymous', name: null, organisation: null, serial: null, fingerprint256: null }
    const { status, body } = await answer
    expect(status).toBe(200)
    expect(JSON.parse(body)).toMatchObject({ ...nobody, verify: `FAILED:${reason}` })
  })

  it('trusts a good one of either authority', async () => {
    for (const authority of [ca, rsaCa]) {
      const { body } = await askWithAny(stack(), await forge(authority, {}))
      expect(JSON.parse(body)).toMatchObject({ level: 'trusted', name: 'Grace Hopper', verify: 'SUCCESS' })
    }
  })
})
