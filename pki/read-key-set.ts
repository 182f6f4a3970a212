import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { attributes } from './distinguished-name.ts'
import { PkiError } from './errors.ts'
import type { Authority } from './issue-certificate.ts'
import { CORE_FILES, USER_EXTENSIONS } from './key-files.ts'
import { type ParsedCertificate, parseCertificate } from './parse-certificate.ts'
import { decodeCertificatePem } from './pem.ts'
import { unsealKey } from './sealed-key.ts'
import { verifySignedBy } from './verify-certificate.ts'

/** A person in a key set. */
export interface StoredUser {
  /** `grace` for `grace.crt`, `grace.key` and so on. */
  readonly fileName: string
  readonly commonName: string
  readonly certificate: ParsedCertificate
}

/** A key set that is whole: every file is there, every certificate has its key and its issuer. */
export interface StoredKeySet {
  readonly dir: string
  readonly serverRoot: ParsedCertificate
  readonly clientCa: ParsedCertificate
  readonly server: ParsedCertificate
  readonly users: readonly StoredUser[]
}

const REMEDY = 'or have the whole set replaced (FORCE=1, the old one is kept beside it)'

async function listFiles(dir: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true, recursive: true })
    const files = entries.filter(entry => !entry.isDirectory())
    return files.map(file => join(file.parentPath, file.name).slice(join(dir, '/').length))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function assertWhole(dir: string, present: ReadonlySet<string>, expected: readonly string[]): void {
  const missing = expected.filter(path => !present.has(path))
  if (missing.length === 0) return
  throw new PkiError(
    'KEYS_INCOMPLETE',
    `${dir} holds a part of a key set only: ${missing.join(', ')} missing or empty. Put back what is missing, ${REMEDY}. Nothing was changed.`,
  )
}

function userFiles(fileName: string): readonly string[] {
  return USER_EXTENSIONS.map(extension => `${fileName}.${extension}`)
}

function userFileNames(files: readonly string[]): readonly string[] {
  const names = files.map(path => /^([^./][^/]*)\.(?:key|p12|passphrase|crt)$/.exec(path)?.[1])
  const found = new Set(names.filter(name => name !== undefined && name !== 'server'))
  return [...(found as Set<string>)].toSorted()
}

function assertUsersWhole(dir: string, present: ReadonlySet<string>, fileName: string): void {
  const missing = userFiles(fileName).filter(path => !present.has(path))
  if (missing.length === 0) return
  throw new PkiError(
    'KEYS_INCOMPLETE',
    `${dir} holds a part of the files of one user only: ${missing.join(', ')} missing or empty. Put back what is missing, or remove what is left (${fileName}.*) and make the user again (make add-user NAME="…"). Nothing was changed.`,
  )
}

async function readCertificate(path: string): Promise<ParsedCertificate> {
  const pem = await readFile(path, 'utf8')
  try {
    return parseCertificate(decodeCertificatePem(pem))
  } catch (cause) {
    throw new PkiError(
      'KEYS_MISMATCHED',
      `${path} is not a certificate in PEM. Put back the one that was made, ${REMEDY}.`,
      { cause },
    )
  }
}

function assertIssued(path: string, certificate: ParsedCertificate, issuer: ParsedCertificate): void {
  try {
    verifySignedBy(certificate, issuer)
  } catch (cause) {
    throw new PkiError(
      'KEYS_MISMATCHED',
      `${path} was issued by another authority than the one beside it. Put back the files that belong together, ${REMEDY}. Nothing was changed.`,
      { cause },
    )
  }
}

function fits(certificate: ParsedCertificate, key: () => ReturnType<typeof createPrivateKey>): boolean {
  try {
    return new X509Certificate(certificate.der).checkPrivateKey(key())
  } catch {
    return false
  }
}

/** Nothing for what another run has just renamed. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
}

/** Those with something in them: a full disk leaves empty ones. */
async function withContent(dir: string, files: readonly string[]): Promise<ReadonlySet<string>> {
  const sizes = await Promise.all(files.map(path => sizeOf(join(dir, path))))
  return new Set(files.filter((_, i) => sizes[i] !== 0))
}

async function assertKeyFits(path: string, certificate: ParsedCertificate): Promise<void> {
  const pem = await readFile(path, 'utf8')
  if (fits(certificate, () => createPrivateKey(pem))) return
  throw new PkiError(
    'KEYS_MISMATCHED',
    `${path} is not the key of the certificate beside it. Put back the files that belong together, ${REMEDY}. Nothing was changed.`,
  )
}

interface UserPlace {
  readonly dir: string
  readonly fileName: string
  readonly clientCa: ParsedCertificate
}

async function readUser({ dir, fileName, clientCa }: UserPlace): Promise<StoredUser> {
  const path = join(dir, `${fileName}.crt`)
  const certificate = await readCertificate(path)
  assertIssued(path, certificate, clientCa)
  await assertKeyFits(join(dir, `${fileName}.key`), certificate)
  return { fileName, commonName: attributes(certificate.subject, 'CN').join(' '), certificate }
}

/**
 * Reads what is in a folder, and changes nothing.
 * @returns `undefined` when the folder is not there, or empty
 * @throws PkiError KEYS_INCOMPLETE when files are missing
 * @throws PkiError KEYS_MISMATCHED when a certificate is not from the authority beside it, or a key not its own
 */
export async function readKeySet(dir: string): Promise<StoredKeySet | undefined> {
  const files = await listFiles(dir)
  if (files.length === 0) return undefined
  const present = await withContent(dir, files)
  assertWhole(dir, present, Object.values(CORE_FILES))
  const fileNames = userFileNames(files)
  for (const fileName of fileNames) assertUsersWhole(dir, present, fileName)

  const at = (path: string): string => join(dir, path)
  const serverRoot = await readCertificate(at(CORE_FILES.serverRoot))
  const clientCa = await readCertificate(at(CORE_FILES.clientCa))
  const server = await readCertificate(at(CORE_FILES.serverCertificate))
  assertIssued(at(CORE_FILES.serverCertificate), server, serverRoot)
  await assertKeyFits(at(CORE_FILES.serverKey), server)
  const users = await Promise.all(fileNames.map(fileName => readUser({ dir, fileName, clientCa })))
  return { dir, serverRoot, clientCa, server, users }
}

/**
 * The client CA of a key set, opened with the passphrase that lies beside its key.
 * @throws PkiError PASSPHRASE_WRONG, KEY_MALFORMED, KEYS_MISMATCHED
 */
export async function openClientCa({ dir, clientCa }: StoredKeySet): Promise<Authority> {
  const [keyPath, passphrasePath] = [
    join(dir, CORE_FILES.clientCaKey),
    join(dir, CORE_FILES.clientCaPassphrase),
  ]
  const [sealed, passphrase] = await Promise.all([
    readFile(keyPath, 'utf8'),
    readFile(passphrasePath, 'utf8'),
  ])
  try {
    const privateKey = await unsealKey(sealed, passphrase.trim())
    if (fits(clientCa, () => privateKey)) return { certificate: clientCa, privateKey }
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause
    const remedy = 'Put back the two files that were made together. Nothing was changed.'
    throw new PkiError(cause.code, `${passphrasePath} does not open ${keyPath}: ${cause.message} ${remedy}`, {
      cause,
    })
  }
  throw new PkiError(
    'KEYS_MISMATCHED',
    `${keyPath} is not the key of ${CORE_FILES.clientCa}. Put back the files that belong together, ${REMEDY}. Nothing was changed.`,
  )
}
