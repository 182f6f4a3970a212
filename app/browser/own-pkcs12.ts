import forge from 'node-forge'
import { bytes, octets } from '../../pki/forge-nodes.ts'
import { encodePkcs12 } from '../../pki/pkcs12.ts'
import type { Pkcs12Profile } from '../../pki/pkcs12-profile.ts'
import { isForKey, type OwnKey } from './own-key.ts'
import type { Certified } from './site.ts'

// Our own choice: a person may have thought up the passphrase. Old readers refuse 65536 or more.
export const OWN_PASSPHRASE_ITERATIONS = 50_000

export interface Wrapping {
  readonly passphrase: string
  readonly profile: Pkcs12Profile
}

/** What is wrong with a passphrase, for whoever chose it; readers disagree on how others than these are written. */
export function whyNotPassphrase(passphrase: string): string | undefined {
  if (/^[\x20-\x7e]{12,128}$/.test(passphrase)) return undefined
  return 'The passphrase must have 12 to 128 characters: letters without accents, digits, blanks and punctuation, because not every system reads others in the same way.'
}

export interface OwnContents {
  readonly key: OwnKey
  readonly certified: Certified
  /** In DER. */
  readonly clientCa: Uint8Array
}

/**
 * The key, its certificate and the client CA in one file, which a browser or system imports.
 * @throws Error, with a sentence for people, when the certificate is for another key
 */
export async function encodeOwnPkcs12(
  { key, certified, clientCa }: OwnContents,
  wrapping: Wrapping,
): Promise<Uint8Array<ArrayBuffer>> {
  const certificate = await readCertificate(certified.certificate)
  if (!isForKey(certificate.der, key)) {
    throw new Error('The server sent a certificate for another key. Tell whoever runs this site.')
  }
  const authorities = [{ der: clientCa }]
  const contents = { privateKey: key.pkcs8, certificate, authorities, friendlyName: certified.name }
  return encodePkcs12(contents, { ...wrapping, iterations: OWN_PASSPHRASE_ITERATIONS })
}

async function readCertificate(pem: string) {
  const der = bytes(forge.util.decode64(pem.replaceAll(/-----[^-]+-----|\s/g, '')))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', der))
  return { der, fingerprint256: forge.util.bytesToHex(octets(digest)) }
}
