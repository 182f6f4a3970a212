import { type KeyPairKeyObjectResult, randomBytes } from 'node:crypto'
import { makeGateFiles } from './gate-files.ts'
import type { Host } from './host-name.ts'
import { type Authority, issueCertificate, issueRoot } from './issue-certificate.ts'
import { type IssuedUser, issueUser, type ValidUser } from './issue-user.ts'
import { CORE_FILES, type KeyFile, LEDGER_FILE } from './key-files.ts'
import { generateKey, type KeyType } from './key-type.ts'
import { writeLedger } from './ledger.ts'
import type { ParsedCertificate } from './parse-certificate.ts'
import { generatePassphrase } from './passphrase.ts'
import { encodeCertificatePem } from './pem.ts'
import type { Pkcs12Profile } from './pkcs12-profile.ts'
import { PROFILES } from './profiles.ts'
import { sealKey } from './sealed-key.ts'
import type { CertificateRequest } from './to-be-signed.ts'

export interface NamedUser extends ValidUser {
  readonly fileName: string
}

export interface KeySetPlan {
  readonly users: readonly NamedUser[]
  readonly hosts: readonly Host[]
  readonly keyType: KeyType
  readonly pkcs12Profile: Pkcs12Profile
  readonly days: number
  readonly now: Date
  /** Called with what has just been finished. */
  readonly onStep: (what: string) => void
}

/** A key set in memory, complete, with nothing written yet. */
export interface MadeKeySet {
  readonly serverRoot: ParsedCertificate
  readonly clientCa: ParsedCertificate
  readonly server: ParsedCertificate
  readonly users: readonly IssuedUser[]
  readonly files: readonly KeyFile[]
}

const ORGANISATION = { type: 'O', value: 'Gatehouse' }
// 256 bit, in characters that need no quoting in the configuration of any proxy.
const PROXY_SECRET_OCTETS = 32

function named(commonName: string) {
  return [ORGANISATION, { type: 'CN', value: commonName }]
}

function publicFile(path: string, { der }: ParsedCertificate): KeyFile {
  return { path, data: encodeCertificatePem(der), isSecret: false }
}

function secretFile(path: string, data: string): KeyFile {
  return { path, data, isSecret: true }
}

async function makeAuthority(
  request: CertificateRequest,
  keys: Promise<KeyPairKeyObjectResult>,
): Promise<Authority> {
  const { privateKey } = await keys
  return { certificate: await issueRoot(request, privateKey), privateKey }
}

/** 150 bit: no person types it. */
async function sealedFiles(
  { privateKey }: Authority,
  paths: { readonly key: string; readonly passphrase: string },
): Promise<readonly KeyFile[]> {
  const passphrase = generatePassphrase(6)
  const sealed = await sealKey(privateKey, passphrase)
  return [secretFile(paths.key, sealed), secretFile(paths.passphrase, passphrase)]
}

async function makeServer(
  { hosts, now }: KeySetPlan,
  keys: KeyPairKeyObjectResult,
  root: Authority,
): Promise<ParsedCertificate> {
  const request = {
    profile: PROFILES.server,
    subject: [{ type: 'CN', value: 'gatehouse.localhost' }],
    alternativeNames: { hosts },
    now,
  }
  return await issueCertificate(request, keys.publicKey, root)
}

/** Generates the keys of users and signs their certificates, all at the same time. */
export async function makeUsers(
  plan: Omit<KeySetPlan, 'hosts'>,
  clientCa: Authority | Promise<Authority>,
): Promise<readonly IssuedUser[]> {
  return await Promise.all(
    plan.users.map(async user => {
      const keys = generateKey(plan.keyType)
      const made = await issueUser({
        ...plan,
        user,
        fileName: user.fileName,
        keys: await keys,
        clientCa: await clientCa,
      })
      plan.onStep(user.commonName)
      return made
    }),
  )
}

/** Makes both authorities, the server certificate and all users; the keys in parallel, because they take the time. */
export async function makeKeySet(plan: KeySetPlan): Promise<MadeKeySet> {
  const { keyType, hosts, now, onStep } = plan
  const [rootKeys, clientCaKeys, serverKeys] = [
    generateKey(keyType),
    generateKey(keyType),
    generateKey(keyType),
  ]
  const rootRequest = {
    profile: PROFILES.serverRoot,
    subject: named('Gatehouse server root'),
    permittedHosts: hosts,
    now,
  }
  const clientCaRequest = { profile: PROFILES.clientCa, subject: named('Gatehouse client CA'), now }
  const pendingClientCa = makeAuthority(clientCaRequest, clientCaKeys)
  const pendingUsers = makeUsers(plan, pendingClientCa)
  const [root, clientCa] = await Promise.all([makeAuthority(rootRequest, rootKeys), pendingClientCa])
  onStep('server root')
  onStep('client CA')
  const server = await makeServer(plan, await serverKeys, root)
  onStep('server certificate')
  const sealed = await Promise.all([
    sealedFiles(root, { key: CORE_FILES.rootKey, passphrase: CORE_FILES.rootPassphrase }),
    sealedFiles(clientCa, { key: CORE_FILES.clientCaKey, passphrase: CORE_FILES.clientCaPassphrase }),
  ])
  const users = await pendingUsers
  const serverKey = (await serverKeys).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const files = [
    publicFile(CORE_FILES.serverRoot, root.certificate),
    publicFile(CORE_FILES.clientCa, clientCa.certificate),
    publicFile(CORE_FILES.serverCertificate, server),
    secretFile(CORE_FILES.serverKey, serverKey),
    secretFile(CORE_FILES.proxySecret, randomBytes(PROXY_SECRET_OCTETS).toString('hex')),
    ...sealed.flat(),
    ...(await makeGateFiles()),
    { path: LEDGER_FILE, data: writeLedger(users.map(user => user.certificate)), isSecret: false },
    ...users.flatMap(user => user.files),
  ]
  return { serverRoot: root.certificate, clientCa: clientCa.certificate, server, users, files }
}
