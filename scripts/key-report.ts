import { relative } from 'node:path'
import type { CertificateKey } from '../pki/certificate-key.ts'
import { soleAttribute } from '../pki/distinguished-name.ts'
import type { ReportedCertificate } from '../pki/key-set-report.ts'
import type { ParsedCertificate } from '../pki/parse-certificate.ts'

function keyName(key: CertificateKey): string {
  if (key.type === 'rsa') return `RSA ${key.bits}`
  return key.type === 'ec' ? `EC ${key.curve}` : key.oid
}

/** What programs want to know of a certificate; keys and passphrases are named by their files only. */
export function describeCertificate(certificate: ParsedCertificate) {
  const [email] = certificate.emails
  const organisation = soleAttribute(certificate.subject, 'O')
  return {
    ...(organisation === undefined ? {} : { organisation }),
    ...(email === undefined ? {} : { email }),
    key: keyName(certificate.publicKey),
    serial: certificate.serialNumber,
    fingerprint256: certificate.fingerprint256,
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
  }
}

/** As a person would type it: relative when it is below the current folder. */
export function shortPath(path: string): string {
  const below = relative(process.cwd(), path)
  return below === '' || below.startsWith('..') ? path : below
}

function until({ certificate }: ReportedCertificate, now: Date): string {
  const date = certificate.notAfter.toISOString().slice(0, 10)
  return certificate.notAfter < now ? `expired ${date}` : `until ${date}`
}

/** One line for each certificate, in columns. */
export function certificateTable(certificates: readonly ReportedCertificate[], now: Date): readonly string[] {
  const rows = certificates.map(entry => [
    entry.file,
    entry.role === 'user' || entry.role === 'server' ? `${entry.role} ${entry.name}` : entry.role,
    keyName(entry.certificate.publicKey),
    until(entry, now),
    entry.isNew ? 'new' : '',
  ])
  const widths = rows.reduce(
    (most, row) => row.map((cell, i) => Math.max(cell.length, most[i] ?? 0)),
    [] as number[],
  )
  return rows.map(row =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
