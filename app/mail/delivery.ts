import { createTransport, type SendMailOptions } from 'nodemailer'
import { parseEmailAddress } from '../../pki/email-address.ts'
import { inertText } from '../../pki/inert-text.ts'
import type { Mail } from '../store/store.ts'
import type { MailFrom } from './mail-from.ts'
import type { SmtpServer } from './smtp-url.ts'

/** Why a mail is not with the server. */
export interface Failure {
  /** What was being done, and how it ended: no address, no word of the server. For the log. */
  readonly code: string
  /** The same with what the server said. For the store. */
  readonly error: string
  /**
   * `mail`: the server has refused this one for good. `later`: not now. `server`: it is the server that does not
   * work, or does not want us, so that it would be no use to try another mail now.
   */
  readonly what: 'mail' | 'later' | 'server'
}

/** Hands one mail in; `undefined`: the server has taken it. */
export type Deliver = (mail: Mail, signal: AbortSignal) => Promise<Failure | undefined>

// Our own choices; a name server, a filter or grey-listing may take its time, and no mail is urgent.
const TIMEOUTS = {
  connectionTimeout: 20_000,
  greetingTimeout: 20_000,
  socketTimeout: 60_000,
  dnsTimeout: 10_000,
}
// Our own choice: servers explain themselves in a line or two.
const MAX_ERROR = 500

export function createDeliver(server: SmtpServer, from: MailFrom): Deliver {
  const { host, port, login } = server
  const transport = createTransport({
    ...TIMEOUTS,
    host,
    port,
    secure: server.isImplicitTls,
    requireTLS: server.isStartTlsRequired,
    // Written down although it is the default: without it, anybody on the way is the mail server.
    tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2' },
    // A mail server on a machine without a network is reached by its loopback address.
    allowInternalNetworkInterfaces: true,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(login && { auth: { user: login.user, pass: login.password } }),
  })
  return async (mail, signal) => {
    try {
      await transport.sendMail({ ...compose(mail, from), signal })
      return undefined
    } catch (error) {
      return judge(error as SmtpError)
    }
  }
}

/** The same mail, octet for octet apart from the MIME boundary, however often it is sent. */
function compose(mail: Mail, from: MailFrom): SendMailOptions {
  // Again, because Nodemailer takes what it is given for a list of addresses with names, and sends to all of them.
  const to = parseEmailAddress(mail.to)
  return {
    // A copy: Nodemailer writes into it and, where it cannot, ends the process from a stream of its own.
    from: { ...from },
    to: { name: '', address: to },
    envelope: { from: from.address, to: [to] },
    subject: mail.subject,
    text: mail.text,
    attachments: mail.attachments.map(({ filename, contentType, content }) => ({
      filename,
      contentType,
      content: Buffer.from(content),
    })),
    // A crash between the server's "taken" and our writing that down makes a duplicate, which readers recognise by this.
    messageId: `<${mail.id}@${from.address.slice(from.address.lastIndexOf('@') + 1)}>`,
    date: new Date(mail.createdAt),
    // RFC 3834 section 5: nobody's holiday notice answers to it.
    headers: { 'Auto-Submitted': 'auto-generated' },
    xMailer: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

interface SmtpError extends Error {
  readonly code?: string
  readonly command?: string
  readonly responseCode?: number
}

// RFC 5321 section 4.2.3: out of sequence; RFC 4954 section 6: only with a login.
const OF_US = [503, 530]

/** RFC 5321 section 4.2.1: 5yz is for good, unless it is about us and not about the recipient or the mail. */
function judge(error: SmtpError): Failure {
  const { code = 'EUNKNOWN', command, responseCode } = error
  const short = [code, command, responseCode].filter(part => part !== undefined).join(' ')
  // A server may repeat what it was sent, and to AUTH that is the password.
  const said = code === 'EAUTH' ? '' : `: ${inertText(error.message).slice(0, MAX_ERROR)}`
  return { code: short, error: short + said, what: whose(code, command, responseCode) }
}

function whose(code: string, command: string | undefined, responseCode: number | undefined): Failure['what'] {
  const isOfMail =
    code === 'EMESSAGE' || code === 'EMAIL_INVALID' || (code === 'EENVELOPE' && command !== 'MAIL FROM')
  if (!isOfMail || (responseCode !== undefined && OF_US.includes(responseCode))) return 'server'
  // No answer: it was not even sent, because the address or the mail itself is none.
  return responseCode === undefined || responseCode >= 500 ? 'mail' : 'later'
}
