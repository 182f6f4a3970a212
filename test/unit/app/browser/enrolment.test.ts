// Promise: a key that is made in the browser stays there, and becomes a file that other people's programs open.
import { createPrivateKey } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { POLICIES } from '../../../../app/authority/policy.ts'
import { encodeKeyFile, readKeyFile } from '../../../../app/browser/key-file.ts'
import { type KeyKind, makeOwnKey, readOwnKey } from '../../../../app/browser/own-key.ts'
import { encodeOwnPkcs12, whyNotPassphrase } from '../../../../app/browser/own-pkcs12.ts'
import { solveChallenge } from '../../../../app/browser/proof-of-work.ts'
import {
  type Certified,
  fetchClientCa,
  lookUp,
  register,
  type Standing,
} from '../../../../app/browser/site.ts'
import { PKCS12_PROFILES } from '../../../../pki/pkcs12-profile.ts'
import { run, temporaryFolder } from '../../../support/lab.ts'
import { OPERATOR } from '../api-lab.ts'
import { visitedSite } from './visited-site.ts'

const PASSPHRASE = 'correct horse battery'

function wish(name = 'Ada Lovelace') {
  return {
    subject: [
      { type: 'O', value: 'Göttingen' },
      { type: 'CN', value: name },
    ],
    emails: ['ada@example.org'],
  }
}

function certifiedOf(standing: Standing): Certified {
  if (standing.status !== 'issued') throw new Error(`It is ${standing.status}.`)
  return standing.certified
}

/** Reads what was written to a file with its passphrase in another, because arguments are for everybody to see. */
function openssl(command: 'pkcs12' | 'pkey', content: string | Uint8Array, passphrase = PASSPHRASE): string {
  using folder = temporaryFolder()
  const [file, secret] = [join(folder.path, 'file'), join(folder.path, 'passphrase')]
  writeFileSync(file, content)
  writeFileSync(secret, passphrase)
  const how = command === 'pkcs12' ? ['-noenc'] : []
  return run('openssl', command, '-in', file, '-passin', `file:${secret}`, ...how)
}

const CASES = (['ec-p256', 'rsa-3072'] as const).flatMap(kind =>
  PKCS12_PROFILES.map(profile => ({ kind, profile })),
)

describe('a certificate at once', () => {
  it.each(CASES)(
    '$kind, $profile: openssl finds key, certificate and authority',
    async ({ kind, profile }) => {
      await using visit = await visitedSite()
      const { key, csr } = await makeOwnKey(kind, wish())
      const certified = certifiedOf(await register(visit.site, wish(), csr))
      const file = await encodeOwnPkcs12(
        { key, certified, clientCa: await fetchClientCa(visit.site) },
        { passphrase: PASSPHRASE, profile },
      )
      const opened = openssl('pkcs12', file)
      const own = createPrivateKey({ key: Buffer.from(key.pkcs8), format: 'der', type: 'pkcs8' })
      expect(createPrivateKey(opened).equals(own)).toBe(true)
      expect(opened.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
      expect(opened).toMatch(/subject=O ?= ?G.+CN ?= ?Ada Lovelace/)
      expect(() => openssl('pkcs12', file, 'another')).toThrow(/invalid password|verify error/i)
    },
  )

  it('costs a passphrase that was thought up more than ours', async () => {
    await using visit = await visitedSite()
    const { key, csr } = await makeOwnKey('ec-p256', wish())
    const certified = certifiedOf(await register(visit.site, wish(), csr))
    const file = await encodeOwnPkcs12(
      { key, certified, clientCa: await fetchClientCa(visit.site) },
      {
        passphrase: PASSPHRASE,
        profile: 'modern',
      },
    )
    using folder = temporaryFolder()
    writeFileSync(join(folder.path, 'p12'), file)
    const told = `openssl pkcs12 -in ${folder.path}/p12 -passin 'pass:${PASSPHRASE}' -info -noout 2>&1`
    const iterations = run('sh', '-c', told).match(/Iteration (\d+)/gi)
    expect(iterations).toEqual(['Iteration 50000', 'Iteration 50000', 'Iteration 50000'])
  })

  it('sends the request and whom it is for, and nothing of the key', async () => {
    await using visit = await visitedSite()
    const { csr } = await makeOwnKey('ec-p256', wish())
    await register(visit.site, wish(), csr)
    const sent = visit.bodies.map(body => JSON.parse(body))
    expect(sent).toEqual([
      {
        challenge: expect.any(String),
        nonce: expect.any(String),
        csr,
        common_name: 'Ada Lovelace',
        organisation: 'Göttingen',
        email: 'ada@example.org',
      },
    ])
    expect(csr).toMatch(
      /^-----BEGIN CERTIFICATE REQUEST-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE REQUEST-----\n$/,
    )
  })

  it('is not put into a file with a key that it is not for', async () => {
    await using visit = await visitedSite()
    const { csr } = await makeOwnKey('ec-p256', wish())
    const another = await makeOwnKey('ec-p256', wish())
    const certified = certifiedOf(await register(visit.site, wish(), csr))
    const wrapping = { passphrase: PASSPHRASE, profile: 'modern' } as const
    const clientCa = await fetchClientCa(visit.site)
    await expect(encodeOwnPkcs12({ key: another.key, certified, clientCa }, wrapping)).rejects.toThrow(
      'another key',
    )
  })
})

describe('a certificate that waits', () => {
  it.each<KeyKind>(['ec-p256', 'rsa-3072'])('is finished with the saved key file, %s', async kind => {
    await using visit = await visitedSite({ context: { policy: POLICIES.queue } })
    const { key, csr } = await makeOwnKey(kind, wish())
    const standing = await register(visit.site, wish(), csr)
    if (standing.status !== 'waiting') throw new Error(`It is ${standing.status}.`)
    const saved = encodeKeyFile({ id: standing.id, pkcs8: key.pkcs8 }, PASSPHRASE)
    expect(await lookUp(visit.site, standing.id)).toEqual(standing)

    const [request] = await visit.lab.store.requests.list({ status: 'waiting', limit: 2 })
    await visit.lab.authority.approve(OPERATOR, { id: standing.id, sha256: request?.sha256 ?? '' })
    const { id, pkcs8 } = readKeyFile(saved, PASSPHRASE)
    const certified = certifiedOf(await lookUp(visit.site, id))
    const wrapping = { passphrase: PASSPHRASE, profile: 'compatible' } as const
    const contents = { key: await readOwnKey(pkcs8), certified, clientCa: await fetchClientCa(visit.site) }
    const file = await encodeOwnPkcs12(contents, wrapping)
    expect(openssl('pkcs12', file)).toContain('Ada Lovelace')
  })

  it('says why it was rejected', async () => {
    await using visit = await visitedSite({ context: { policy: POLICIES.queue } })
    const { csr } = await makeOwnKey('ec-p256', wish())
    const standing = await register(visit.site, wish(), csr)
    const id = standing.status === 'waiting' ? standing.id : ''
    await visit.lab.authority.reject(OPERATOR, { id, reason: 'Nobody knows you.' })
    expect(await lookUp(visit.site, id)).toEqual({ status: 'rejected', reason: 'Nobody knows you.' })
  })
})

describe('the key file', () => {
  it('is read by openssl, and with its passphrase only', async () => {
    const { key } = await makeOwnKey('ec-p256', wish())
    const saved = encodeKeyFile({ id: 'a'.repeat(32), pkcs8: key.pkcs8 }, PASSPHRASE)
    expect(openssl('pkey', saved)).toContain('BEGIN PRIVATE KEY')
    expect(() => readKeyFile(saved, 'another passphrase')).toThrow('passphrase')
  })

  it('is one from here', () => {
    expect(() => readKeyFile('-----BEGIN ENCRYPTED PRIVATE KEY-----', PASSPHRASE)).toThrow('not a key file')
  })
})

it('what the site refuses is told in its own words', async () => {
  await using visit = await visitedSite()
  const { csr } = await makeOwnKey('ec-p256', wish())
  await expect(register({ ...visit.site, csrf: 'forged' }, wish(), csr)).rejects.toMatchObject({
    status: 403,
  })
  const admins = {
    subject: [
      { type: 'O', value: 'CA admins' },
      { type: 'CN', value: 'Mallory' },
    ],
  }
  await expect(register(visit.site, admins, csr)).rejects.toThrow('CA admins')
})

it.each([
  ['eleven char', false],
  ['twelve chars', true],
  ['Pässwörd-李-😀', false],
  ['x'.repeat(129), false],
])('the passphrase %s: %s', (passphrase, isTaken) => {
  expect(whyNotPassphrase(passphrase) === undefined).toBe(isTaken)
})

it('a puzzle that takes hours is not begun', async () => {
  await expect(solveChallenge('a challenge', 32)).rejects.toThrow('Try again later')
})
