import { inertName } from '../../pki/inert-text.ts'
import type { CertificateRow, Mail, Time } from '../store/store.ts'

/** What a mail says; whom it goes to, and when, is not its business. */
export type MailContent = Pick<Mail, 'subject' | 'text' | 'attachments'>

/** The address of the site as people type it, without a slash at its end; `undefined`: not known here. */
export type PublicUrl = string | undefined

/** `2027-02-20 14:05 UTC` */
export function writeTime(time: Time): string {
  return `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** A list of terms and values, as one sees it in a terminal; values are inert, absent ones are left out. */
export function writeTerms(terms: Readonly<Record<string, string | null>>): string {
  const present = Object.entries(terms).filter((term): term is [string, string] => term[1] !== null)
  const width = Math.max(...present.map(([term]) => term.length))
  return present.map(([term, value]) => `  ${term.padEnd(width)}  ${inertName(value)}`).join('\n')
}

/** What a person compares to know which certificate is meant. */
export function writeCertificate(certificate: CertificateRow): string {
  return writeTerms({
    Name: certificate.commonName,
    Organisation: certificate.organisation,
    'E-mail': certificate.email,
    'Serial number': certificate.serial,
    'SHA-256': certificate.fingerprint256,
    'Valid until': writeTime(certificate.notAfter),
  })
}

/** Paragraphs with a blank line between them; what is empty is left out. */
export function writeText(...paragraphs: readonly string[]): string {
  return `${paragraphs.filter(paragraph => paragraph !== '').join('\n\n')}\n`
}
