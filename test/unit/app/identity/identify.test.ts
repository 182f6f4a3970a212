// Promise: only what the client CA issued for logging in is trusted, whatever a proxy says of it, and only while it is valid.
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { createCertificateCache } from '../../../../app/identity/certificate-cache.ts'
import { createIdentifier } from '../../../../app/identity/identify.ts'
import type { Finding } from '../../../../app/identity/offer.ts'
import type { DistinguishedName } from '../../../../pki/distinguished-name.ts'
import type { Authority } from '../../../../pki/issue-certificate.ts'
import type { ParsedCertificate } from '../../../../pki/parse-certificate.ts'
import { PROFILES } from '../../../../pki/profiles.ts'
import { makeClientCa, makeSelfSigned, makeWithOpenssl, NOW } from '../../../support/lab.ts'
import { GRACE, makeOwn, makeUser } from '../lab.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const DAY_MS = 86_400_000
// What openssl makes is valid from the second in which it is made.
const SOON = new Date(NOW.getTime() + 600_000)
let ca: Authority
beforeAll(async () => {
  ca = await makeClientCa()
})

function identify({ der }: Pick<ParsedCertificate, 'der'>, finding: Finding = 'validated', at = SOON) {
  const offer = { kind: 'certificate', der, finding } as const
  return createIdentifier([ca.certificate], () => at)({ offer, via: 'nginx', requestId: null, address: null })
}

async function named(...subject: DistinguishedName): Promise<ParsedCertificate> {
  return (await makeUser(ca, { subject })).certificate
}

const cn = (value: string) => ({ type: 'CN', value })
const o = (value: string) => ({ type: 'O', value })

describe('a certificate of the client CA', () => {
  it('says who it is, in full', async () => {
    const { certificate } = await makeUser(ca)
    const { identity, presented, failure, isNew } = identify(certificate)
    expect(identity).toEqual({
      level: 'trusted',
      name: 'Grace Hopper',
      organisation: 'Gatehouse',
      email: 'grace@gatehouse.localhost',
      serial: certificate.serialNumber,
      fingerprint256: certificate.fingerprint256,
      notAfter: certificate.notAfter.toISOString(),
      verify: 'SUCCESS',
      via: 'nginx',
    })
    expect(Object.isFrozen(identity)).toBe(true)
    expect(presented).toEqual({
      serial: certificate.serialNumber,
      fingerprint256: certificate.fingerprint256,
    })
    expect(failure).toBeNull()
    expect(isNew).toBe(true)
  })

  it('is an administrator\'s with the organisation "CA admins" and no other spelling', async () => {
    expect(identify(await named(o('CA admins'), cn('Ada'))).identity.level).toBe('admin')
    for (const other of ['ca admins', 'CA admins ', 'CA  admins', 'CA\u00a0admins', 'O=CA admins']) {
      expect(identify(await named(o(other), cn('Ada'))).identity.level).toBe('trusted')
    }
  })

  it("is nobody's administrator with two organisations", async () => {
    const { identity } = identify(await named(o('CA admins'), o('Gatehouse'), cn('Ada')))
    expect(identity).toMatchObject({ level: 'trusted', organisation: null })
  })

  it('has no name with two common names: nobody can say which', async () => {
    const { identity } = identify(await named(cn('Grace Hopper'), cn('Ada Lovelace')))
    expect(identity).toMatchObject({ level: 'trusted', name: null })
  })

  it.each([
    'alice/CN=admin',
    'alice,CN=admin',
    'alice,O=CA admins',
    'Grace\r\nX: y',
    '\u202ecilA',
    ' Grace ',
  ])('takes %j as one value, not as a string to split', async name => {
    expect(identify(await named(cn(name))).identity).toMatchObject({
      level: 'trusted',
      name,
      organisation: null,
    })
  })

  it('has no e-mail address with two of them', async () => {
    const { certificate } = await makeUser(ca, { emails: ['a@example.org', 'b@example.org'] })
    expect(identify(certificate).identity.email).toBeNull()
  })
})

type Make = () => ParsedCertificate | Promise<ParsedCertificate>
const user =
  (wish: Parameters<typeof makeUser>[1]): Make =>
  async () =>
    (await makeUser(ca, wish)).certificate
const openssl =
  (wish: Parameters<typeof makeWithOpenssl>[1]): Make =>
  () =>
    makeWithOpenssl(ca, wish)
const sign = (...serial: string[]) => ['-sha256', '-days', '2', '-set_serial', ...serial]

const REFUSED: readonly (readonly [string, string, Make])[] = [
  ['expired', 'certificate has expired', user({ now: new Date(NOW.getTime() - 100 * DAY_MS), days: 90 })],
  ['not yet valid', 'certificate is not yet valid', user({ now: new Date(NOW.getTime() + 10 * DAY_MS) })],
  [
    'of another CA with the same name',
    'unknown issuer',
    async () => (await makeUser(await makeClientCa())).certificate,
  ],
  [
    'signed by itself in the name of the CA',
    'unknown issuer',
    async () => (await makeOwn(ca.certificate.subject)).certificate,
  ],
  [
    'signed by itself in the name of the CA, in other letters',
    'unknown issuer',
    async () => {
      const subject = ca.certificate.subject.map(({ type, value }) => ({
        type,
        value: ` ${value.toUpperCase()}`,
      }))
      return (await makeOwn(subject)).certificate
    },
  ],
  ['the CA itself', 'unsuitable certificate', () => ca.certificate],
  ['for servers', 'unsuitable certificate', user({ profile: PROFILES.server })],
  ['a CA below the CA', 'unsuitable certificate', user({ profile: { ...PROFILES.client, isCa: true } })],
  [
    'without extended key usage',
    'unsuitable certificate',
    user({ profile: { isCa: false, keyUsage: ['digitalSignature'], days: { usual: 9, most: 9 } } }),
  ],
  [
    'without digitalSignature',
    'unsuitable certificate',
    user({ profile: { ...PROFILES.client, keyUsage: ['keyAgreement'] } }),
  ],
  ['version 1', 'unsuitable certificate', openssl({ extensions: [] })],
  ['serial number 0', 'unsuitable certificate', openssl({ sign: sign('0') })],
  [
    'a serial number of 21 octets',
    'unsuitable certificate',
    openssl({ sign: sign(`0x01${'00'.repeat(20)}`) }),
  ],
  [
    'RSA 1024',
    'unsuitable certificate',
    openssl({ key: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'] }),
  ],
  ['SHA-1', 'unsuitable certificate', openssl({ sign: ['-sha1', '-days', '2'] })],
  ['no name at all', 'unsuitable certificate', user({ subject: [] })],
  ['no common name', 'unsuitable certificate', user({ subject: [o('Gatehouse')] })],
  ['an empty common name', 'unsuitable certificate', user({ subject: [cn('')] })],
  ['a blank common name', 'unsuitable certificate', user({ subject: [cn('  ')] })],
  ['the name "(null)"', 'unsuitable certificate', user({ subject: [o('CA admins'), cn('(null)')] })],
]

describe('never trusted, whoever says that it is valid', () => {
  it.each(REFUSED)('%s: %s', async (_, reason, make) => {
    const certificate = await make()
    for (const finding of ['validated', 'unchecked', 'FAILED:whatever'] as const) {
      const { identity, presented, failure } = identify(certificate, finding)
      expect(identity).toMatchObject({
        level: 'anonymous',
        name: null,
        verify: `FAILED:${reason}`,
        via: 'nginx',
      })
      expect(presented?.fingerprint256).toBe(certificate.fingerprint256)
      expect(failure?.code).toMatch(/^CERT_/)
    }
  })

  it('something after the certificate: malformed', async () => {
    const { certificate } = await makeUser(ca)
    const { identity, presented } = identify({ der: Buffer.concat([certificate.der, Buffer.from([0])]) })
    expect(identity).toMatchObject({ level: 'anonymous', verify: 'FAILED:malformed certificate' })
    expect(presented?.serial).toBeNull()
  })
})

describe('a self-signed certificate', () => {
  it('is untrusted, known by its fingerprint, and has no name that it gave itself', async () => {
    const { certificate } = await makeOwn([o('CA admins'), cn('Grace Hopper')])
    expect(identify(certificate, 'unchecked').identity).toEqual({
      level: 'untrusted',
      name: null,
      organisation: null,
      email: null,
      serial: certificate.serialNumber,
      fingerprint256: certificate.fingerprint256,
      notAfter: certificate.notAfter.toISOString(),
      verify: 'FAILED:self-signed certificate',
      via: 'nginx',
    })
  })

  it('is untrusted as `openssl req -x509` makes it', () => {
    expect(identify(makeSelfSigned().certificate, 'FAILED:self-signed').identity.level).toBe('untrusted')
  })

  it.each([
    ['too weak a key', ['-newkey', 'rsa:1024']],
    ['SHA-1', ['-sha1']],
    ['MD5', ['-md5']],
  ])('is refused with %s', (_, args) => {
    expect(identify(makeSelfSigned(...args).certificate, 'unchecked').identity).toMatchObject({
      level: 'anonymous',
      verify: 'FAILED:unsuitable certificate',
    })
  })

  it('is refused after its end', async () => {
    const { certificate } = await makeOwn(GRACE)
    const late = new Date(certificate.notAfter.getTime() + 1)
    expect(identify(certificate, 'unchecked', late).identity).toMatchObject({
      level: 'anonymous',
      verify: 'FAILED:certificate has expired',
    })
  })
})

describe('a certificate that is known already', () => {
  function clocked(authorities: readonly ParsedCertificate[]) {
    let at = SOON
    const ask = createIdentifier(authorities, () => at)
    return {
      at(time: Date) {
        at = time
      },
      ask: ({ der }: ParsedCertificate) =>
        ask({
          offer: { kind: 'certificate', der, finding: 'unchecked' },
          via: null,
          requestId: null,
          address: null,
        }),
    }
  }

  it('is new once, and expires all the same', async () => {
    const { certificate } = await makeUser(ca)
    const clock = clocked([ca.certificate])
    expect(clock.ask(certificate)).toMatchObject({ isNew: true, identity: { level: 'trusted' } })
    expect(clock.ask(certificate)).toMatchObject({ isNew: false, identity: { level: 'trusted' } })
    clock.at(new Date(certificate.notAfter.getTime() + 1000))
    expect(clock.ask(certificate).identity).toMatchObject({
      level: 'anonymous',
      verify: 'FAILED:certificate has expired',
    })
    clock.at(SOON)
    expect(clock.ask(certificate).identity.level).toBe('trusted')
  })

  it('is refused before its time, and trusted from then on', async () => {
    const { certificate } = await makeUser(ca, { now: new Date(NOW.getTime() + DAY_MS) })
    const clock = clocked([ca.certificate])
    expect(clock.ask(certificate).identity.level).toBe('anonymous')
    clock.at(new Date(NOW.getTime() + 2 * DAY_MS))
    expect(clock.ask(certificate).identity.level).toBe('trusted')
  })

  it('stays refused when it was unsuitable', async () => {
    const { certificate } = await makeUser(ca, { profile: PROFILES.server })
    const clock = clocked([ca.certificate])
    for (const _ of [1, 2]) expect(clock.ask(certificate).failure?.code).toBe('CERT_UNSUITABLE')
  })

  it('is believed of either CA while one replaces the other, of the same name too', async () => {
    const twin = await makeClientCa()
    const clock = clocked([twin.certificate, ca.certificate])
    for (const issuer of [ca, twin]) {
      expect(clock.ask((await makeUser(issuer)).certificate).identity.level).toBe('trusted')
    }
    expect(clock.ask((await makeUser(await makeClientCa())).certificate).identity.level).toBe('anonymous')
  })

  it('is refused when its CA has expired, though it has not itself', () => {
    const certificate = makeWithOpenssl(ca, { sign: ['-sha256', '-days', '9000'] })
    const clock = clocked([ca.certificate])
    expect(clock.ask(certificate).identity.level).toBe('trusted')
    clock.at(new Date(ca.certificate.notAfter.getTime() + 1000))
    expect(clock.ask(certificate).identity.level).toBe('anonymous')
  })

  it('of neither CA of one name is refused, and no stranger of that name is untrusted', async () => {
    const clock = clocked([ca.certificate, (await makeClientCa()).certificate])
    const own = await makeOwn(ca.certificate.subject)
    expect(clock.ask(own.certificate).identity.level).toBe('anonymous')
  })
})

describe('the cache', () => {
  it('keeps what the CA issued, however many strangers come', async () => {
    const examine = createCertificateCache([ca.certificate], { issued: 1, strangers: 1 })
    const { der } = (await makeUser(ca)).certificate
    expect(examine(der, SOON)).toMatchObject({ isNew: true })
    for (const name of ['Mallory', 'Eve', 'Trudy']) {
      const own = await makeOwn([cn(name)])
      expect(examine(own.certificate.der, SOON)).toMatchObject({ isNew: true })
    }
    expect(examine(der, SOON)).toMatchObject({ isNew: false })
  })

  it('takes a fault of ours for no finding about a certificate', async () => {
    const examine = createCertificateCache([{} as never])
    const { der } = (await makeUser(ca)).certificate
    expect(() => examine(der, SOON)).toThrow(TypeError)
  })
})
