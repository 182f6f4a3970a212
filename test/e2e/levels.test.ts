// Each level is reached through every front by whom its rule names, and by nobody else.
import { beforeAll, describe, expect, it } from 'vitest'
import type { Level } from '../../app/identity/levels.ts'
import { issueRoot } from '../../pki/issue-certificate.ts'
import { generateKey } from '../../pki/key-type.ts'
import { PROFILES } from '../../pki/profiles.ts'
import { type ClientKeys, person } from '../support/ask.ts'
import { askWithAny, clientCa, fingerprintOf, pem } from '../support/forge.ts'
import { fronts } from '../support/fronts.ts'
import { makeClient, makeSelfSigned } from '../support/lab.ts'
import { useStack } from '../support/stack.ts'
import { pemOf } from '../unit/app/lab.ts'

const DAY_MS = 86_400_000
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']

const openssl =
  (...args: string[]) =>
  () =>
    pemOf(makeSelfSigned(...args))
const keyUsage = (usages: string) => openssl(...EC, '-addext', `keyUsage=critical,${usages}`)
const issued = (keyType: 'ec-p256' | 'rsa-2048') => async () =>
  pemOf(await makeClient(await clientCa(), { keyType }))

const validFrom = (days: number) => async () => {
  const { privateKey } = await generateKey('ec-p256')
  const subject = [{ type: 'CN', value: 'Mallory' }]
  const now = new Date(Date.now() + days * DAY_MS)
  const certificate = await issueRoot({ profile: PROFILES.client, subject, now, days: 10 }, privateKey)
  return pemOf({ certificate, privateKey })
}

/** Another name, as subject and as issuer, than the key has signed. */
function renamed(): ClientKeys {
  const { certificate, privateKey } = makeSelfSigned(...EC)
  const der = Buffer.from(
    Buffer.from(certificate.der).toString('latin1').replaceAll('Mallory', 'Valerie'),
    'latin1',
  )
  return pem(der, privateKey)
}

interface Caller {
  readonly make: () => ClientKeys | undefined | Promise<ClientKeys>
  readonly level: Level
  readonly verify: string
  /** Of Apache, which ends the handshake for what OpenSSL finds wrong. */
  readonly alert?: number
}

const SELF_SIGNED = { level: 'untrusted', verify: 'FAILED:self-signed certificate' } as const
const UNSUITABLE = { level: 'anonymous', verify: 'FAILED:unsuitable certificate' } as const
const TRUSTED = { level: 'trusted', verify: 'SUCCESS' } as const

const CALLERS: Readonly<Record<string, Caller>> = {
  'no certificate': { make: () => undefined, level: 'anonymous', verify: 'NONE' },
  'self-signed, EC P-256': { make: openssl(...EC), ...SELF_SIGNED },
  'self-signed, EC P-384': { make: openssl(...EC.slice(0, 3), 'ec_paramgen_curve:P-384'), ...SELF_SIGNED },
  'self-signed, RSA 2048': { make: openssl('-newkey', 'rsa:2048'), ...SELF_SIGNED },
  'self-signed, for logging in and signing': {
    make: keyUsage('digitalSignature,keyCertSign'),
    ...SELF_SIGNED,
  },
  'self-signed, for signing others only': {
    make: keyUsage('keyCertSign,cRLSign'),
    ...UNSUITABLE,
    alert: 43,
  },
  // One rule about keys for all levels; browsers present no such certificate.
  'self-signed, Ed25519': { make: openssl('-newkey', 'ed25519'), ...UNSUITABLE },
  'self-signed, RSA 1024': { make: openssl('-newkey', 'rsa:1024'), ...UNSUITABLE, alert: 42 },
  'self-signed, with SHA-1': { make: openssl('-sha1'), ...UNSUITABLE },
  'self-signed, expired': {
    make: validFrom(-15),
    level: 'anonymous',
    verify: 'FAILED:certificate has expired',
    alert: 45,
  },
  'self-signed, not yet valid': {
    make: validFrom(1),
    level: 'anonymous',
    verify: 'FAILED:certificate is not yet valid',
    alert: 42,
  },
  'self-signed, but not by its own key': {
    make: renamed,
    level: 'anonymous',
    verify: 'FAILED:invalid signature',
  },
  'issued, EC': { make: issued('ec-p256'), ...TRUSTED },
  'issued, RSA': { make: issued('rsa-2048'), ...TRUSTED },
  'an administrator': { make: () => person('admin'), level: 'admin', verify: 'SUCCESS' },
}

const made: Record<string, ClientKeys | undefined> = {}
beforeAll(async () => {
  for (const [who, { make }] of Object.entries(CALLERS)) made[who] = await make()
})

describe.each(fronts)('$name', front => {
  const stack = useStack(front)

  it.each(Object.entries(CALLERS))('%s', async (who, { level, verify, alert }) => {
    const as = made[who]
    const answer = askWithAny(stack(), as)
    if (alert !== undefined && front.invalidCertificate === 'tls-alert') {
      await expect(answer).rejects.toThrow(`SSL alert number ${alert}`)
      return
    }
    const fingerprint256 = as && level !== 'anonymous' ? fingerprintOf(as) : null
    expect(JSON.parse((await answer).body)).toMatchObject({ level, verify, fingerprint256 })
  })
})
