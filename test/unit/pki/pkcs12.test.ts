// Other people's programs open the PKCS#12 files, with the right passphrase only.
import { createPrivateKey } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { Authority } from '../../../pki/issue-certificate.ts'
import { encodePkcs8 } from '../../../pki/key-type.ts'
import { encodePkcs12 } from '../../../pki/pkcs12.ts'
import { PKCS12_PROFILES, type Pkcs12Profile, parsePkcs12Profile } from '../../../pki/pkcs12-profile.ts'
import { type Credential, makeClient, makeClientCa, run, temporaryFolder } from '../../support/lab.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const NAME = 'Zoë 李 😀'
const PASSPHRASE = 'Pässwörd-李-😀'
let ca: Authority
beforeAll(async () => {
  ca = await makeClientCa()
})

interface Written {
  readonly p12: string
  readonly passphrase: string
}

function write(
  folder: string,
  credential: Credential,
  profile: Pkcs12Profile,
  passphrase = PASSPHRASE,
): Written {
  const privateKey = encodePkcs8(credential.privateKey)
  const contents = { ...credential, privateKey, authorities: [ca.certificate], friendlyName: NAME }
  const paths = { p12: join(folder, 'user.p12'), passphrase: join(folder, 'passphrase') }
  writeFileSync(paths.p12, encodePkcs12(contents, { passphrase, profile }))
  writeFileSync(paths.passphrase, passphrase)
  return paths
}

function opensslOpens({ p12, passphrase }: Written): string {
  return run('openssl', 'pkcs12', '-in', p12, '-passin', `file:${passphrase}`, '-nodes')
}

function nssImports(folder: string, { p12, passphrase }: Written): string {
  const store = `sql:${join(folder, 'nss')}`
  mkdirSync(join(folder, 'nss'), { recursive: true })
  run('certutil', '-N', '-d', store, '--empty-password')
  run('pk12util', '-i', p12, '-d', store, '-w', passphrase)
  return run('certutil', '-L', '-d', store) + run('certutil', '-K', '-d', store)
}

const KEYS = ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-4096'] as const
const CASES = PKCS12_PROFILES.flatMap(profile => KEYS.map(keyType => ({ profile, keyType })))

describe.each(CASES)('$profile, $keyType', ({ profile, keyType }) => {
  it('is opened by openssl and imported by NSS', async () => {
    using folder = temporaryFolder()
    const credential = await makeClient(ca, { keyType, commonName: NAME })
    const written = write(folder.path, credential, profile)

    const opened = opensslOpens(written)
    expect(createPrivateKey(opened).equals(credential.privateKey)).toBe(true)
    expect(opened.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)

    const listed = nssImports(folder.path, written)
    expect(listed).toMatch(/Zoë 李 😀\s+u,u,u/)
    expect(listed).toContain('Gatehouse client CA')
    expect(listed).toMatch(/< 0> (?:rsa|ec) /)
  })

  it('is refused by openssl and by NSS with another passphrase', async () => {
    using folder = temporaryFolder()
    const written = write(folder.path, await makeClient(ca, { keyType }), profile)
    writeFileSync(written.passphrase, 'another')
    expect(() => opensslOpens(written)).toThrow(/invalid password|verify error/i)
    expect(() => nssImports(folder.path, written)).toThrow(/password|SEC_ERROR/i)
  })
})

describe('encodePkcs12', () => {
  it.each([
    ['compatible', 'pbeWithSHA1And3-KeyTripleDES-CBC', 'MAC: sha1'],
    ['modern', 'PBES2, PBKDF2, AES-256-CBC, Iteration 2048, PRF hmacWithSHA256', 'MAC: sha256'],
  ] as const)('encrypts keys and certificates alike: %s', async (profile, encryption, mac) => {
    using folder = temporaryFolder()
    const { p12, passphrase } = write(folder.path, await makeClient(ca), profile)
    const told = ['pkcs12', '-in', p12, '-passin', `file:${passphrase}`, '-info', '-noout']
    // What openssl tells about a file goes to its standard error output.
    const info = run('sh', '-c', 'openssl "$@" 2>&1', 'sh', ...told)
    expect(info).toContain(mac)
    expect(info.split(encryption)).toHaveLength(3)
    expect(info).toContain('PKCS7 Encrypted data')
  })

  it('takes passphrases of every script', async () => {
    using folder = temporaryFolder()
    const credential = await makeClient(ca)
    // Not what ends a line: openssl reads the passphrase as the first line of a file.
    const passphrase = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .filter(text => !/[\0\r\n]/.test(text))
    fc.assert(
      fc.property(passphrase, fc.constantFrom(...PKCS12_PROFILES), (text, profile) => {
        expect(opensslOpens(write(folder.path, credential, profile, text))).toContain('BEGIN PRIVATE KEY')
      }),
      { numRuns: 40 },
    )
  })

  it('never takes an empty passphrase', async () => {
    const { certificate, privateKey } = await makeClient(ca)
    const contents = {
      privateKey: encodePkcs8(privateKey),
      certificate,
      authorities: [],
      friendlyName: NAME,
    }
    expect(() => encodePkcs12(contents, { passphrase: '', profile: 'modern' })).toThrow(
      expect.objectContaining({ code: 'PASSPHRASE_EMPTY' }),
    )
  })
})

describe('parsePkcs12Profile', () => {
  it('names what it takes', () => {
    expect(() => parsePkcs12Profile('rc2')).toThrow(
      expect.objectContaining({
        code: 'PKCS12_PROFILE_UNKNOWN',
        message: expect.stringContaining('compatible, modern'),
      }),
    )
  })
})
