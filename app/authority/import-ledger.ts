import { X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { nameKey } from '../../pki/common-name.ts'
import { soleAttribute } from '../../pki/distinguished-name.ts'
import { readLedger } from '../../pki/ledger.ts'
import type { ParsedCertificate } from '../../pki/parse-certificate.ts'
import { encodeCertificatePem } from '../../pki/pem.ts'
import { spki256Of } from '../../pki/spki.ts'
import { verifySignedBy } from '../../pki/verify-certificate.ts'
import type { CertificateRow } from '../store/store.ts'
import { ITSELF } from './caller.ts'
import { type AuthorityContext, decide } from './decide.ts'
import { addHolder } from './holder.ts'
import type { Subject } from './subject.ts'

/** The same again and again, doing nothing while the file is as it was: what a user is added with is known in seconds. */
export function createLedgerImport(context: AuthorityContext, path: string): () => Promise<void> {
  let seen = ''
  return async () => {
    const { size, mtimeMs } = await stat(path)
    const state = `${size} ${mtimeMs}`
    if (state === seen) return
    await importLedger(context, path)
    seen = state
  }
}

/**
 * Certificates that the scripts have issued become known: they can be listed, renewed and revoked. What the client CA
 * did not sign is passed over.
 * @returns how many were new
 */
async function importLedger(context: AuthorityContext, path: string): Promise<number> {
  const certificates = readLedger(await readFile(path, 'utf8')).filter(certificate =>
    isOurs(certificate, context.issuer),
  )
  let count = 0
  for (const certificate of certificates) {
    if (await context.store.certificates.find(certificate.serialNumber)) continue
    await importCertificate(context, certificate)
    count += 1
  }
  return count
}

function isOurs(certificate: ParsedCertificate, issuer: ParsedCertificate): boolean {
  try {
    verifySignedBy(certificate, issuer)
    return true
  } catch {
    return false
  }
}

async function importCertificate(context: AuthorityContext, certificate: ParsedCertificate): Promise<void> {
  const { serialNumber: serial, fingerprint256 } = certificate
  const subject = subjectOf(certificate)
  await decide(context, ITSELF, async (within, audit) => {
    if (await within.certificates.find(serial)) return
    await audit('CERT_IMPORTED', { serial, fingerprint256, commonName: subject.commonName })
    const now = context.now().getTime()
    const known = await within.holders.byNameKey(nameKey(subject.commonName))
    const holderId = known?.id ?? (await addHolder(within, subject, now))
    await within.certificates.record({ ...rowOf(certificate, subject, now), holderId })
  })
}

function subjectOf({ subject, emails, serialNumber }: ParsedCertificate): Subject {
  return {
    commonName: soleAttribute(subject, 'CN') ?? serialNumber,
    organisation: soleAttribute(subject, 'O') ?? null,
    email: emails[0] ?? null,
  }
}

function rowOf(
  certificate: ParsedCertificate,
  subject: Subject,
  now: number,
): Omit<CertificateRow, 'holderId'> {
  return {
    ...subject,
    serial: certificate.serialNumber,
    state: 'issued',
    spki256: spki256Of(new X509Certificate(certificate.der).publicKey),
    notBefore: certificate.notBefore.getTime(),
    notAfter: certificate.notAfter.getTime(),
    toBeSigned: '',
    fingerprint256: certificate.fingerprint256,
    pem: encodeCertificatePem(certificate.der),
    origin: 'script',
    requestedBy: null,
    recordedAt: now,
    issuedAt: certificate.notBefore.getTime(),
    revokedAt: null,
    revocationReason: null,
    revokedBy: null,
  }
}
