// Every certificate that we make satisfies other people's rules, and the root can name the lab only.
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { parseHost } from '../../../pki/host-name.ts'
import { type Authority, issueCertificate } from '../../../pki/issue-certificate.ts'
import { generateKey, KEY_TYPES, type KeyType } from '../../../pki/key-type.ts'
import type { ParsedCertificate } from '../../../pki/parse-certificate.ts'
import { PROFILES } from '../../../pki/profiles.ts'
import {
  HOSTS,
  makeClient,
  makeClientCa,
  makeServerRoot,
  NOW,
  run,
  save,
  temporaryFolder,
} from '../../support/lab.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

async function makeServer(root: Authority, names: readonly string[], keyType: KeyType = 'ec-p256') {
  const { publicKey } = await generateKey(keyType)
  const request = {
    profile: PROFILES.server,
    subject: [{ type: 'CN', value: 'gatehouse.localhost' }],
    alternativeNames: { hosts: names.length > 0 ? names.map(parseHost) : HOSTS },
    now: NOW,
  }
  return await issueCertificate(request, publicKey, root)
}

interface Chain {
  readonly root: ParsedCertificate
  readonly leaf: ParsedCertificate
  readonly purpose: 'sslserver' | 'sslclient'
}

function opensslVerify({ root, leaf, purpose }: Chain, ...options: string[]): string {
  using folder = temporaryFolder()
  const ca = save(folder.path, 'ca', root)
  return run(
    'openssl',
    'verify',
    '-x509_strict',
    '-purpose',
    purpose,
    ...options,
    '-CAfile',
    ca,
    save(folder.path, 'leaf', leaf),
  )
}

/** What the Baseline Requirements of public authorities ask for, and a private one cannot or should not have. */
const LINT_EXCEPTIONS: Readonly<Record<string, string>> = {
  e_ca_country_name_missing: 'a lab is in no country',
  e_ext_nc_intersects_reserved_ip: 'the root is for loopback addresses: that is its purpose',
  e_ext_san_contains_reserved_ip: 'the server is reached by loopback addresses',
  e_dnsname_not_valid_tld: 'localhost (RFC 6761) is no public top-level domain',
  e_sub_cert_aia_missing: 'there is no public place to publish the root',
  e_sub_cert_aia_does_not_contain_ocsp_url: 'a server certificate is replaced, not revoked, with its root',
  e_sub_cert_cert_policy_empty: 'policies are promises to the public',
  e_sub_cert_certificate_policies_missing: 'policies are promises to the public',
}

function lint(certificate: ParsedCertificate): readonly string[] {
  using folder = temporaryFolder()
  const results = JSON.parse(run('zlint', save(folder.path, 'certificate', certificate))) as Record<
    string,
    { result: string }
  >
  return Object.keys(results).filter(name => ['error', 'fatal'].includes(results[name]?.result ?? ''))
}

describe.each(KEY_TYPES)('with %s', keyType => {
  let root: Authority
  let clientCa: Authority
  let server: ParsedCertificate
  let client: ParsedCertificate
  beforeAll(async () => {
    root = await makeServerRoot(keyType)
    clientCa = await makeClientCa(keyType)
    server = await makeServer(root, [], keyType)
    client = (await makeClient(clientCa, { keyType, commonName: 'Zoë 李' })).certificate
  })

  it('openssl accepts the server, by each of its names', () => {
    const chain: Chain = { root: root.certificate, leaf: server, purpose: 'sslserver' }
    for (const name of ['localhost', 'gatehouse.localhost']) {
      expect(opensslVerify(chain, '-verify_hostname', name)).toMatch(/OK$/m)
    }
    for (const address of ['127.0.0.1', '::1']) {
      expect(opensslVerify(chain, '-verify_ip', address)).toMatch(/OK$/m)
    }
  })

  it('openssl accepts the client, as a client only', () => {
    const chain: Chain = { root: clientCa.certificate, leaf: client, purpose: 'sslclient' }
    expect(opensslVerify(chain)).toMatch(/OK$/m)
    expect(() => opensslVerify({ ...chain, purpose: 'sslserver' })).toThrow(/unsuitable certificate purpose/)
  })

  it('zlint finds no error that we have no reason for', () => {
    const found = [root.certificate, clientCa.certificate, server, client].flatMap(lint)
    expect(found.filter(name => !Object.hasOwn(LINT_EXCEPTIONS, name))).toEqual([])
  })
})

it('has no lint exception that is not needed', async () => {
  const root = await makeServerRoot()
  const clientCa = await makeClientCa()
  const certificates = [root.certificate, clientCa.certificate, await makeServer(root, [])]
  expect(new Set(certificates.flatMap(lint))).toEqual(new Set(Object.keys(LINT_EXCEPTIONS)))
})

describe('the server root', () => {
  let root: Authority
  beforeAll(async () => {
    root = await makeServerRoot()
  })

  it.each(['deep.below.gatehouse.localhost', '127.200.1.1'])('can name %s', async name => {
    const leaf = await makeServer(root, [name])
    expect(opensslVerify({ root: root.certificate, leaf, purpose: 'sslserver' })).toMatch(/OK$/m)
  })

  it.each(['evil.example', 'notlocalhost', '8.8.8.8', '::2'])('cannot name %s', async name => {
    const leaf = await makeServer(root, [name])
    expect(() => opensslVerify({ root: root.certificate, leaf, purpose: 'sslserver' })).toThrow(
      /permitted subtree violation/,
    )
  })

  it('cannot name anybody with an e-mail address', async () => {
    const { certificate: leaf } = await makeClient(root)
    expect(() => opensslVerify({ root: root.certificate, leaf, purpose: 'sslclient' })).toThrow(
      /permitted subtree violation/,
    )
  })
})

describe('the client CA', () => {
  it('can have no CA below it', async () => {
    const clientCa = await makeClientCa()
    const { publicKey, privateKey } = await generateKey('ec-p256')
    const subject = [{ type: 'CN', value: 'Below' }]
    const certificate = await issueCertificate(
      { profile: PROFILES.clientCa, subject, now: NOW },
      publicKey,
      clientCa,
    )
    const { certificate: leaf } = await makeClient({ certificate, privateKey })
    using folder = temporaryFolder()
    const chain: Chain = { root: clientCa.certificate, leaf, purpose: 'sslclient' }
    expect(() => opensslVerify(chain, '-untrusted', save(folder.path, 'below', certificate))).toThrow(
      /path length constraint exceeded/,
    )
  })
})

describe('every certificate', () => {
  it('is valid from five minutes ago for whole days, and never longer than its issuer', async () => {
    const clientCa = await makeClientCa()
    const now = new Date('2030-01-02T03:04:05.678Z')
    const { certificate } = await makeClient(clientCa, { now, days: 10 })
    expect(certificate.notBefore).toEqual(new Date('2030-01-02T02:59:05Z'))
    expect(certificate.notAfter).toEqual(new Date('2030-01-12T02:59:04Z'))
    const late = new Date(clientCa.certificate.notAfter.getTime() - 86_400_000)
    const last = await makeClient(clientCa, { now: late, days: 10 })
    expect(last.certificate.notAfter).toEqual(clientCa.certificate.notAfter)
  })

  it('writes dates from 2050 on as GeneralizedTime', async () => {
    const clientCa = await makeClientCa()
    const far = {
      ...clientCa,
      certificate: { ...clientCa.certificate, notAfter: new Date('2060-01-01T00:00:00Z') },
    }
    const { certificate } = await makeClient(far, { now: new Date('2049-12-31T12:00:00Z'), days: 10 })
    expect(certificate.notAfter).toEqual(new Date('2050-01-10T11:54:59Z'))
    expect(Buffer.from(certificate.der).includes('20500110115459Z')).toBe(true)
    expect(Buffer.from(certificate.der).includes('491231115500Z')).toBe(true)
  })

  it('has a serial number of its own: 16 octets, positive', async () => {
    const clientCa = await makeClientCa()
    const made = await Promise.all(Array.from({ length: 64 }, () => makeClient(clientCa)))
    const serials = made.map(({ certificate }) => certificate.serialNumber)
    expect(new Set(serials).size).toBe(64)
    for (const { certificate } of made) {
      expect(certificate.serialOctets).toBe(16)
      expect(certificate.serialNumber).toMatch(/^[0-7][0-9A-F]{31}$/)
    }
  })
})
