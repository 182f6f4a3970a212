import { parseEmailAddress } from '../../pki/email-address.ts'
import { inertName } from '../../pki/inert-text.ts'
import { AppError } from '../errors.ts'

export interface MailFrom {
  /** Empty: none is shown. */
  readonly name: string
  readonly address: string
}

const FORM = /^(?:(?<name>[^<>]*)<(?<inBrackets>[^<>]+)>|(?<bare>[^<>\s]+))$/u

/**
 * `ca@example.org` or `Gatehouse <ca@example.org>`.
 * @throws AppError CONFIG_INVALID
 */
export function parseMailFrom(text: string): MailFrom {
  const { name = '', inBrackets, bare } = FORM.exec(text.trim())?.groups ?? {}
  const shown = name.trim().replace(/^"(.*)"$/, '$1')
  try {
    if (inertName(shown) !== shown) throw new RangeError('a control character in the name')
    return Object.freeze({ name: shown, address: parseEmailAddress(inBrackets ?? bare ?? '') })
  } catch (cause) {
    throw new AppError(
      'CONFIG_INVALID',
      `The sender of mails must not be ${JSON.stringify(text.slice(0, 80))}. It must be an address or a name with one, such as "Gatehouse <ca@example.org>", in ASCII apart from the name.`,
      { cause },
    )
  }
}
