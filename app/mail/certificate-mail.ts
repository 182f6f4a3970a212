import { fileNameFor } from '../../pki/common-name.ts'
import { inertName } from '../../pki/inert-text.ts'
import type { CertificateRow } from '../store/store.ts'
import { type MailContent, type PublicUrl, writeCertificate, writeText } from './mail-content.ts'

// RFC 8555 section 9.1: also for a chain of one.
const MEDIA_TYPE = 'application/pem-certificate-chain'

function howToUse(base: string, publicUrl: PublicUrl): string {
  return `In a browser: import the PKCS#12 file (.p12) that you were given with its passphrase. If the key is a file of
your own, make one first:

  openssl pkcs12 -export -inkey YOUR.key -in ${base}.crt -out ${base}.p12

On the command line:

  curl --cert ${base}.crt --key YOUR.key ${publicUrl ?? 'https://SITE'}/whoami`
}

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g

/** Only that: should a private key ever stand beside it, it does not go out. */
function onlyCertificates(pem: string): string {
  return (pem.match(CERTIFICATES) ?? []).map(each => `${each}\n`).join('')
}

/** Tells the subject of a certificate that it was issued, and brings it. */
export function certificateMail(certificate: CertificateRow, publicUrl: PublicUrl): MailContent {
  const { pem, commonName, serial } = certificate
  if (pem === null) throw new RangeError(`Certificate ${serial} is not signed yet: there is nothing to send.`)
  const name = inertName(commonName)
  const base = fileNameFor(commonName, () => false)
  return {
    subject: `Client certificate for ${name}`,
    text: writeText(
      `Hello ${name},`,
      `a client certificate was issued in your name. It is attached as ${base}.crt.`,
      writeCertificate(certificate),
      `Its private key is in no mail. It is where you made the signing request, or in the file that you were given when
you asked for the certificate.`,
      howToUse(base, publicUrl),
      `You did not ask for it? Then tell whoever runs ${publicUrl ?? 'the site'}, with the serial number: it can be revoked.`,
    ),
    attachments: [{ filename: `${base}.crt`, contentType: MEDIA_TYPE, content: onlyCertificates(pem) }],
  }
}
