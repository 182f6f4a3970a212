import { type KeyObject, sign, X509Certificate } from 'node:crypto'
import * as asn1js from 'asn1js'
import { AlgorithmIdentifier, Certificate, RelativeDistinguishedNames } from 'pkijs'
import { inject } from 'vitest'
import type { Authority } from '../../pki/issue-certificate.ts'
import { openClientCa, readKeySet } from '../../pki/read-key-set.ts'
import { type Answer, ask, type ClientKeys } from './ask.ts'
import { makeClient } from './lab.ts'
import type { Stack } from './stack.ts'

/** The client CA of the key set, with its key: whatever it signs, the proxies believe its signature. */
export async function clientCa(keys: string = inject('keys')): Promise<Authority> {
  const stored = await readKeySet(keys)
  if (!stored) throw new Error(`There is no key set in ${keys}.`)
  return await openClientCa(stored)
}

export function pem(der: Uint8Array, key: KeyObject): ClientKeys {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** SHA-256 of the certificate, as the application writes it. */
export function fingerprintOf({ cert }: ClientKeys): string {
  return new X509Certificate(cert).fingerprint256.replaceAll(':', '')
}

type Hash = 'sha256' | 'sha1' | 'md5'

// RFC 3279 section 2.2, RFC 5758 section 3.2
const ALGORITHMS: Readonly<Record<string, string>> = {
  'ec sha256': '1.2.840.10045.4.3.2',
  'ec sha1': '1.2.840.10045.4.1',
  'rsa sha256': '1.2.840.113549.1.1.11',
  'rsa sha1': '1.2.840.113549.1.1.5',
  'rsa md5': '1.2.840.113549.1.1.4',
}

export interface Forgery {
  /** What an honest authority would not have signed. */
  readonly change?: (certificate: Certificate) => void
  readonly hash?: Hash
  readonly days?: number
  readonly now?: Date
}

/** A client certificate that our own code refuses to make, with a signature of `authority` that is right. */
export async function forge(
  authority: Authority,
  { change, hash = 'sha256', ...wish }: Forgery,
): Promise<ClientKeys> {
  const honest = await makeClient(authority, wish)
  const certificate = Certificate.fromBER(honest.certificate.der)
  const { privateKey: key } = authority
  const algorithmId = ALGORITHMS[`${key.asymmetricKeyType} ${hash}`] ?? ''
  const algorithm = new AlgorithmIdentifier({
    algorithmId,
    ...(key.asymmetricKeyType === 'rsa' && { algorithmParams: new asn1js.Null() }),
  })
  certificate.signature = algorithm
  certificate.signatureAlgorithm = algorithm
  change?.(certificate)
  const signature = sign(hash, new Uint8Array(certificate.encodeTBS().toBER()), { key, dsaEncoding: 'der' })
  certificate.signatureValue = new asn1js.BitString({ valueHex: Uint8Array.from(signature).buffer })
  return pem(new Uint8Array(certificate.toSchema(true).toBER()), honest.privateKey)
}

const OIDS = { CN: '2.5.4.3', O: '2.5.4.10', OU: '2.5.4.11' } as const

type Value = string | asn1js.BaseBlock
export type Attribute = readonly [type: keyof typeof OIDS, value: Value]

function attribute([type, value]: Attribute): asn1js.Sequence {
  const string = typeof value === 'string' ? new asn1js.Utf8String({ value }) : value
  return new asn1js.Sequence({ value: [new asn1js.ObjectIdentifier({ value: OIDS[type] }), string] })
}

/** A distinguished name as it is wished: each argument is one relative distinguished name, of one attribute or several. */
export function nameOf(...names: (readonly Attribute[])[]): RelativeDistinguishedNames {
  const sets = names.map(attributes => new asn1js.Set({ value: attributes.map(attribute) }))
  return RelativeDistinguishedNames.fromBER(new asn1js.Sequence({ value: sets }).toBER())
}

/** Two hex digits to the octet, sign octet included: as it stands in the certificate. */
export function serialOf(hex: string): asn1js.Integer {
  return new asn1js.Integer({ valueHex: Uint8Array.from(Buffer.from(hex, 'hex')).buffer })
}

/** A change for `forge`: another subject. */
export function named(...name: (readonly Attribute[])[]): (certificate: Certificate) => void {
  return certificate => {
    certificate.subject = nameOf(...name)
  }
}

/** Weak certificates are refused by the client's own library already, unless it is told not to. */
export async function askWithAny(
  stack: Pick<Stack, 'port'>,
  as: ClientKeys | undefined,
  path = '/whoami',
): Promise<Answer> {
  return await ask(stack, { as, path, tls: { ciphers: 'DEFAULT:@SECLEVEL=0' } })
}
