import { CliError } from './errors.ts'

/**
 * Upper-case hex, as the server writes it; colons and blanks, as openssl and browsers show them, are left out.
 * @throws CliError USAGE
 */
export function parseSerial(text: string): string {
  const serial = text.replaceAll(/[\s:]/g, '').toUpperCase()
  if (/^[0-9A-F]{1,40}$/.test(serial)) return serial
  throw new CliError(
    'USAGE',
    `A serial number must not be ${JSON.stringify(text.slice(0, 80))}. It must be hexadecimal, as in: gatehouse pki list.`,
  )
}
