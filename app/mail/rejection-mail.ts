import { inertName } from '../../pki/inert-text.ts'
import type { RequestRow } from '../store/store.ts'
import { type MailContent, type PublicUrl, writeTerms, writeText, writeTime } from './mail-content.ts'

/** Tells whoever asked for a certificate that there will be none, and why. */
export function rejectionMail(request: RequestRow, publicUrl: PublicUrl): MailContent {
  const name = inertName(request.commonName)
  return {
    subject: `No client certificate for ${name}`,
    text: writeText(
      `Hello ${name},`,
      'a client certificate was asked for in your name, and an administrator has rejected the request.',
      writeTerms({
        Reason: request.reason ?? 'none was given',
        Name: request.commonName,
        Organisation: request.organisation,
        'Asked for on': writeTime(request.requestedAt),
      }),
      `You may ask again, with another request${publicUrl === undefined ? '' : ` at ${publicUrl}`}. If it was not you who asked, there is nothing to do.`,
    ),
    attachments: [],
  }
}
