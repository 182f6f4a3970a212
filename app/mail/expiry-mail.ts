import { inertName } from '../../pki/inert-text.ts'
import type { CertificateRow, Time } from '../store/store.ts'
import { type MailContent, type PublicUrl, writeCertificate, writeText, writeTime } from './mail-content.ts'

const DAY_MS = 86_400_000

function remaining(notAfter: Time, now: Time): string {
  const days = Math.floor((notAfter - now) / DAY_MS)
  if (days < 1) return 'within a day'
  return days === 1 ? 'in a day' : `in ${days} days`
}

/** Reminds the subject of a certificate that it will stop working, and says what to do before. */
export function expiryMail(certificate: CertificateRow, now: Time, publicUrl: PublicUrl): MailContent {
  const name = inertName(certificate.commonName)
  const when = remaining(certificate.notAfter, now)
  const site = publicUrl ?? 'https://SITE'
  return {
    subject: `Client certificate of ${name} expires ${when}`,
    text: writeText(
      `Hello ${name},`,
      `your client certificate expires ${when}. Nobody who has only this one gets in after that.`,
      writeCertificate(certificate),
      `Renew it while it works: it is what shows that you are you. The new one is in the same name, for a new key.

  gatehouse renew

or, with what is on every machine:

  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout new.key -subj "/CN=renewal" -out new.csr
  curl --cert YOUR.crt --key YOUR.key --json "$(jq -Rs '{csr: .}' new.csr)" ${site}/pki/renew`,
      `After ${writeTime(certificate.notAfter)} it can only be asked for anew. If you do not need it any more, there is nothing to do.`,
    ),
    attachments: [],
  }
}
