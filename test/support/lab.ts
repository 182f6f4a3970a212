import { execFileSync } from 'node:child_process'
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseHost } from '../../pki/host-name.ts'
import { type Authority, issueCertificate, issueRoot } from '../../pki/issue-certificate.ts'
import { generateKey, type KeyType } from '../../pki/key-type.ts'
import { type ParsedCertificate, parseCertificate } from '../../pki/parse-certificate.ts'
import { decodeCertificatePem, encodeCertificatePem } from '../../pki/pem.ts'
import { PROFILES, type Profile } from '../../pki/profiles.ts'

/** A folder that goes away at the end of the test. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** Output of a program; a missing program, or exit code other than 0, throws with what it said. */
export function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Writes a certificate as PEM and gives its path. */
export function save(folder: string, name: string, certificate: ParsedCertificate): string {
  const path = join(folder, `${name}.pem`)
  writeFileSync(path, encodeCertificatePem(certificate.der))
  return path
}

export const HOSTS = ['localhost', 'gatehouse.localhost', '127.0.0.1', '::1'].map(parseHost)
export const NOW = new Date()

export interface Credential {
  readonly certificate: ParsedCertificate
  readonly privateKey: KeyObject
}

export async function makeClientCa(keyType: KeyType = 'ec-p256'): Promise<Authority> {
  const { privateKey } = await generateKey(keyType)
  const subject = [
    { type: 'O', value: 'Gatehouse' },
    { type: 'CN', value: 'Gatehouse client CA' },
  ]
  return {
    privateKey,
    certificate: await issueRoot({ profile: PROFILES.clientCa, subject, now: NOW }, privateKey),
  }
}

export async function makeServerRoot(keyType: KeyType = 'ec-p256'): Promise<Authority> {
  const { privateKey } = await generateKey(keyType)
  const subject = [
    { type: 'O', value: 'Gatehouse' },
    { type: 'CN', value: 'Gatehouse server root' },
  ]
  const request = { profile: PROFILES.serverRoot, subject, now: NOW, permittedHosts: HOSTS }
  return { privateKey, certificate: await issueRoot(request, privateKey) }
}

interface ClientWish {
  readonly keyType?: KeyType
  readonly commonName?: string
  readonly profile?: Profile
  readonly now?: Date
  readonly days?: number
}

export async function makeClient(authority: Authority, wish: ClientWish = {}): Promise<Credential> {
  const { publicKey, privateKey } = await generateKey(wish.keyType ?? 'ec-p256')
  const request = {
    profile: wish.profile ?? PROFILES.client,
    subject: [
      { type: 'O', value: 'Gatehouse' },
      { type: 'CN', value: wish.commonName ?? 'Grace Hopper' },
    ],
    alternativeNames: { emails: ['grace@gatehouse.localhost'] },
    now: wish.now ?? NOW,
    ...(wish.days === undefined ? {} : { days: wish.days }),
  }
  return { privateKey, certificate: await issueCertificate(request, publicKey, authority) }
}

const CLIENT_EXTENSIONS = [
  'basicConstraints=critical,CA:FALSE',
  'keyUsage=critical,digitalSignature',
  'extendedKeyUsage=clientAuth',
]

interface OpensslWish {
  readonly key?: readonly string[]
  readonly subject?: string
  readonly sign?: readonly string[]
  /** Lines of an extension section; none makes version 1. */
  readonly extensions?: readonly string[]
}

/** What our own code refuses to make: a client certificate by the openssl command line, with `authority`'s key. */
export function makeWithOpenssl(authority: Authority, wish: OpensslWish): ParsedCertificate {
  using folder = temporaryFolder()
  const at = (name: string): string => join(folder.path, name)
  const ca = save(folder.path, 'ca', authority.certificate)
  writeFileSync(at('ca.key'), authority.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const key = wish.key ?? ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
  run('openssl', 'genpkey', ...key, '-out', at('key'))
  const subject = wish.subject ?? '/O=Gatehouse/CN=Grace Hopper'
  run('openssl', 'req', '-new', '-utf8', '-key', at('key'), '-subj', subject, '-out', at('csr'))
  const extensions = wish.extensions ?? CLIENT_EXTENSIONS
  writeFileSync(at('ext'), extensions.join('\n'))
  const sign = ['-CA', ca, '-CAkey', at('ca.key'), ...(wish.sign ?? ['-sha256', '-days', '2'])]
  const extfile = extensions.length > 0 ? ['-extfile', at('ext')] : []
  run('openssl', 'x509', '-req', '-in', at('csr'), ...sign, ...extfile, '-out', at('crt'))
  return parseCertificate(decodeCertificatePem(readFileSync(at('crt'), 'utf8')))
}

/** As people make one: `openssl req -x509`. */
export function makeSelfSigned(...args: string[]): Credential {
  using folder = temporaryFolder()
  const at = (name: string): string => join(folder.path, name)
  const key = args.includes('-newkey') ? [] : ['-newkey', 'rsa:2048']
  run(
    'openssl',
    'req',
    '-x509',
    ...key,
    '-nodes',
    '-subj',
    '/CN=Mallory',
    '-keyout',
    at('key'),
    '-out',
    at('crt'),
    ...args,
  )
  return {
    certificate: parseCertificate(decodeCertificatePem(readFileSync(at('crt'), 'utf8'))),
    privateKey: createPrivateKey(readFileSync(at('key'))),
  }
}
