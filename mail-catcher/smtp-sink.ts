import { Readable } from 'node:stream'
import { simpleParser } from 'mailparser'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerEnvelope } from 'smtp-server'
import type { CaughtMail, Mailbox } from './mailbox.ts'

// Our own choices: this one is for mails with a certificate, not for films.
const LIMITS = { size: 10 * 1024 * 1024, maxClients: 50, socketTimeout: 30_000, closeTimeout: 1_000 }

/** Takes every mail for everybody, keeps it, and passes none on. */
export function createSmtpSink(mailbox: Mailbox, now: () => Date): SMTPServer {
  return new SMTPServer({
    ...LIMITS,
    rejectOversized: true,
    // There is no secret to protect with them, and a password would be sent to no use.
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    banner: 'Gatehouse mail catcher',
    onData(stream, session, callback) {
      read(stream, session.envelope, now()).then(
        mail => {
          if (!stream.sizeExceeded) mailbox.add(mail)
          callback()
        },
        (error: Error) => callback(Object.assign(error, { responseCode: 554 })),
      )
    },
  })
}

/** The server reads on to the end of a mail that is too large; nobody keeps it. */
async function* bounded(stream: SMTPServerDataStream): AsyncGenerator<Buffer> {
  for await (const chunk of stream) if (!stream.sizeExceeded) yield chunk
}

async function read(
  stream: SMTPServerDataStream,
  envelope: SMTPServerEnvelope,
  receivedAt: Date,
): Promise<Omit<CaughtMail, 'id'>> {
  const parsed = await simpleParser(Readable.from(bounded(stream)), {
    skipTextToHtml: true,
    skipImageLinks: true,
  })
  return {
    receivedAt,
    from: envelope.mailFrom ? envelope.mailFrom.address : '',
    to: envelope.rcptTo.map(({ address }) => address),
    subject: parsed.subject ?? '',
    messageId: parsed.messageId ?? null,
    text: parsed.text ?? '',
    attachments: parsed.attachments.map(({ filename, contentType, content }, index) => ({
      filename: filename ?? `attachment-${index + 1}`,
      contentType,
      content,
    })),
    size: stream.byteLength,
  }
}
