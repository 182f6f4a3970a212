import { PkiError } from './errors.ts'
import { quote } from './inert-text.ts'

// RFC 5321 section 4.5.3.1.3: a path has 256 octets, two of which are brackets.
const MAX_LENGTH = 254
// RFC 5321 Mailbox with a dot-string and a host name; an rfc822Name holds ASCII only (RFC 5280 section 4.2.1.6).
const ADDRESS = /^[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/

/** @throws PkiError EMAIL_INVALID */
export function parseEmailAddress(text: string): string {
  if (text.length <= MAX_LENGTH && ADDRESS.test(text)) return text
  throw new PkiError(
    'EMAIL_INVALID',
    `The e-mail address must not be ${quote(text)}. It must be of the form name@example.org, in ASCII.`,
  )
}
