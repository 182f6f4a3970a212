import type { KeyObject } from 'node:crypto'
import { X509Certificate } from 'node:crypto'
import { encodePkcs8 } from '../pki/key-type.ts'
import { type ParsedCertificate, parseCertificate } from '../pki/parse-certificate.ts'
import { generatePassphrase } from '../pki/passphrase.ts'
import { encodePkcs12 } from '../pki/pkcs12.ts'
import type { Pkcs12Profile } from '../pki/pkcs12-profile.ts'
import { fetchClientCa } from './fetch-client-ca.ts'
import type { Client } from './http-client.ts'
import { writePrivate } from './private-files.ts'

export interface Pkcs12File {
  readonly data: Uint8Array
  readonly passphrase: string
}

/** `grace.p12` has its passphrase in `grace.passphrase`. */
export function passphrasePath(p12: string): string {
  return `${p12.replace(/\.p12$/i, '')}.passphrase`
}

/** The passphrase first: without it the other is no use, and alone it harms nobody. */
export async function writePkcs12(
  path: string,
  { data, passphrase }: Pkcs12File,
  isForced = false,
): Promise<void> {
  await writePrivate(passphrasePath(path), `${passphrase}\n`, isForced)
  await writePrivate(path, data, isForced)
}

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

function parseChain(pem: string): readonly ParsedCertificate[] {
  return [...pem.matchAll(PEM_BLOCK)].map(([block]) => parseCertificate(new X509Certificate(block).raw))
}

export interface OwnPkcs12 {
  readonly client: Client
  readonly issued: { readonly certificate: string; readonly common_name: string }
  readonly privateKey: KeyObject
  readonly profile: Pkcs12Profile
  /** Left out, a new one of 100 bit: a person types it once, into an import dialogue. */
  readonly passphrase?: string
}

/** A key from here, its certificate and the client CA in one file that browsers import. */
export async function encodeOwnPkcs12(own: OwnPkcs12): Promise<Pkcs12File> {
  const { client, issued, privateKey, profile, passphrase = generatePassphrase(4) } = own
  const [certificate] = parseChain(issued.certificate)
  if (!certificate) throw new TypeError('an issued certificate is not PEM')
  const contents = {
    privateKey: encodePkcs8(privateKey),
    certificate,
    authorities: parseChain(await fetchClientCa(client)),
    friendlyName: issued.common_name,
  }
  return { data: encodePkcs12(contents, { passphrase, profile }), passphrase }
}
