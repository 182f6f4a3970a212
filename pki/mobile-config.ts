import { randomUUID } from 'node:crypto'

export interface MobileConfig {
  /** Of the person, shown when it is installed. */
  readonly name: string
  readonly serial: string
  readonly pkcs12: Uint8Array
}

/**
 * A configuration profile of Apple's systems with a PKCS#12 file in it, whose passphrase the system asks for: in here it
 * would be readable. (Apple, Configuration Profile Reference, payload `com.apple.security.pkcs12`.)
 */
export function encodeMobileConfig({ name, serial, pkcs12 }: MobileConfig): string {
  const identity = dictionary([
    ['PayloadType', string('com.apple.security.pkcs12')],
    ['PayloadIdentifier', string(`gatehouse.${serial}.pkcs12`)],
    ['PayloadUUID', string(randomUUID())],
    ['PayloadVersion', '<integer>1</integer>'],
    ['PayloadDisplayName', string(name)],
    ['PayloadCertificateFileName', string(`${serial}.p12`)],
    ['PayloadContent', `<data>${Buffer.from(pkcs12).toString('base64')}</data>`],
  ])
  const profile = dictionary([
    ['PayloadType', string('Configuration')],
    ['PayloadIdentifier', string(`gatehouse.${serial}`)],
    ['PayloadUUID', string(randomUUID())],
    ['PayloadVersion', '<integer>1</integer>'],
    ['PayloadDisplayName', string(`Certificate of ${name}`)],
    ['PayloadContent', `<array>${identity}</array>`],
  ])
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">${profile}</plist>
`
}

function dictionary(entries: readonly (readonly [key: string, value: string])[]): string {
  return `<dict>\n${entries.map(([key, value]) => `<key>${key}</key>${value}\n`).join('')}</dict>`
}

function string(text: string): string {
  return `<string>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</string>`
}
