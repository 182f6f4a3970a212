import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { rename } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { IdentityFiles } from './config-file.ts'
import { CliError } from './errors.ts'
import { exists, keepOld, readNamed, replacePrivate } from './private-files.ts'

/** What TLS needs to present a certificate. */
export type Credentials =
  | { readonly cert: string; readonly key: string; readonly passphrase?: string }
  | { readonly pfx: Buffer; readonly passphrase: string }

export interface PemIdentity {
  readonly certificate: X509Certificate
  readonly privateKey: KeyObject
  readonly cert: string
}

/** The files of one person: `BASE.key`, `BASE.crt`. */
export function pemFiles(base: string): { readonly cert: string; readonly key: string } {
  return { cert: `${base}.crt`, key: `${base}.key` }
}

function unreadable(path: string, what: string, cause: unknown): CliError {
  return new CliError('FILE_UNREADABLE', `${path} is not ${what}.`, { cause })
}

function wrongPassphrase(path: string, cause: unknown): CliError {
  return new CliError(
    'PASSPHRASE_WRONG',
    `The passphrase does not open ${path}. Try again with the right one.`,
    { cause },
  )
}

/** The certificate in a file; with a chain, the first. */
export function readPemCertificate(pem: Buffer | string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw unreadable(path, 'a certificate in PEM', cause)
  }
}

/** @throws CliError PASSPHRASE_WRONG, FILE_UNREADABLE */
async function openKey(pem: string, path: string, passphrase: () => Promise<string>): Promise<KeyObject> {
  const isSealed = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem)
  const secret = isSealed ? { passphrase: await passphrase() } : {}
  try {
    return createPrivateKey({ key: pem, ...secret })
  } catch (cause) {
    throw isSealed ? wrongPassphrase(path, cause) : unreadable(path, 'a private key in PEM', cause)
  }
}

const NEXT = '.new'

/** Where the next key of an identity lies until its certificate is there. */
export function nextKeyPath(key: string): string {
  return `${key}${NEXT}`
}

/**
 * Puts a renewed pair in place of the old, which stays beside as `.old`. The key is beside already: two renames cannot
 * be one, so `finishReplacement` does the second when this is killed between them.
 */
export async function replacePemIdentity(
  files: { readonly cert: string; readonly key: string },
  certificatePem: string,
): Promise<void> {
  await replacePrivate(`${files.cert}${NEXT}`, certificatePem)
  await keepOld(files.key)
  await keepOld(files.cert)
  await rename(nextKeyPath(files.key), files.key)
  await rename(`${files.cert}${NEXT}`, files.cert)
}

/** A certificate that waits beside, for the key that is in place: a renewal was killed between its two renames. */
async function finishReplacement(cert: string, privateKey: KeyObject): Promise<X509Certificate | undefined> {
  const next = `${cert}${NEXT}`
  if (!(await exists(next))) return undefined
  const certificate = readPemCertificate(await readNamed(next, 'the new certificate'), next)
  if (!certificate.checkPrivateKey(privateKey)) return undefined
  await rename(next, cert)
  return certificate
}

/** @throws CliError FILE_UNREADABLE, KEYS_MISMATCHED, PASSPHRASE_WRONG */
export async function readPemIdentity(
  { cert, key }: { cert: string; key: string },
  passphrase: () => Promise<string>,
): Promise<PemIdentity> {
  const keyPem = (await readNamed(key, 'the private key')).toString()
  const privateKey = await openKey(keyPem, key, passphrase)
  const pem = (await readNamed(cert, 'the certificate')).toString()
  const certificate = readPemCertificate(pem, cert)
  if (certificate.checkPrivateKey(privateKey)) return { certificate, privateKey, cert: pem }
  const finished = await finishReplacement(cert, privateKey)
  if (finished) return { certificate: finished, privateKey, cert: finished.toString() }
  throw new CliError(
    'KEYS_MISMATCHED',
    `${key} is not the key of ${cert}. Name the two that belong together.`,
  )
}

/** Opened once here, because a wrong passphrase would else look like a broken connection. */
async function readPkcs12(path: string, readPassphrase: () => Promise<string>): Promise<Credentials> {
  const pfx = await readNamed(path, 'the PKCS#12 file')
  const passphrase = await readPassphrase()
  try {
    createSecureContext({ pfx, passphrase })
  } catch (cause) {
    throw /mac verify/.test(String(cause))
      ? wrongPassphrase(path, cause)
      : unreadable(path, 'a PKCS#12 file', cause)
  }
  return { pfx, passphrase }
}

/** @throws CliError FILE_UNREADABLE, KEYS_MISMATCHED, PASSPHRASE_WRONG, PASSPHRASE_MISSING */
export async function readCredentials(
  identity: IdentityFiles,
  passphrase: () => Promise<string>,
): Promise<Credentials> {
  if ('p12' in identity) return await readPkcs12(identity.p12, passphrase)
  const { privateKey, cert } = await readPemIdentity(identity, passphrase)
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}
