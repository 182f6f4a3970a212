import { randomUUID } from 'node:crypto'
import { parseEmailAddress } from '../../pki/email-address.ts'
import type { CertificateRow, Outbox, RequestRow } from '../store/store.ts'
import { certificateMail } from './certificate-mail.ts'
import { expiryMail } from './expiry-mail.ts'
import type { MailContent } from './mail-content.ts'
import { rejectionMail } from './rejection-mail.ts'

/**
 * What people are told by mail. Each is queued in the outbox of the transaction that it is about: neither is there
 * without the other. Whoever has no address is told nothing.
 */
export interface Post {
  issued(outbox: Outbox, certificate: CertificateRow): Promise<void>
  rejected(outbox: Outbox, request: RequestRow): Promise<void>
  /** @param days the step of the reminder: one mail for each, however often it is called */
  expiring(outbox: Outbox, certificate: CertificateRow, days: number): Promise<void>
}

/** Mail is off. */
export const NO_POST: Post = {
  issued: async () => {},
  rejected: async () => {},
  expiring: async () => {},
}

export interface PostOptions {
  readonly now: () => Date
  /** For links in mails; left out, they say `https://SITE`. */
  readonly publicUrl?: string | undefined
}

export function createPost({ now, publicUrl }: PostOptions): Post {
  const site = publicUrl?.replace(/\/+$/, '')
  async function queue(
    outbox: Outbox,
    key: string,
    email: string | null,
    content: MailContent,
  ): Promise<void> {
    const to = deliverable(email)
    if (to === undefined) return
    const at = now().getTime()
    const state = { createdAt: at, attempts: 0, nextAttemptAt: at, sentAt: null, lastError: null }
    await outbox.add({ id: randomUUID(), key, to, ...content, ...state })
  }
  return {
    async issued(outbox, certificate) {
      const content = certificateMail(certificate, site)
      await queue(outbox, `issued:${certificate.serial}`, certificate.email, content)
    },
    async rejected(outbox, request) {
      await queue(outbox, `rejected:${request.id}`, request.email, rejectionMail(request, site))
    },
    async expiring(outbox, certificate, days) {
      const content = expiryMail(certificate, now().getTime(), site)
      await queue(outbox, `expiry:${certificate.serial}:${days}`, certificate.email, content)
    },
  }
}

/** An address is judged where it enters; one that came another way and is none must not fail what the mail is about. */
function deliverable(email: string | null): string | undefined {
  try {
    return email === null ? undefined : parseEmailAddress(email)
  } catch {
    return undefined
  }
}
