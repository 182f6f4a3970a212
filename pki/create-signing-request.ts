import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import * as asn1js from 'asn1js'
import {
  Attribute,
  CertificationRequest,
  Extension,
  Extensions,
  GeneralName,
  GeneralNames,
  PublicKeyInfo,
} from 'pkijs'
import { describeKey } from './certificate-key.ts'
import { type DistinguishedName, encodeName } from './distinguished-name.ts'
import { OID } from './object-identifiers.ts'
import { signatureHash, signatureIdentifier } from './signature-algorithm.ts'

/** What a request wishes for; the authority decides what of it becomes part of the certificate. */
export interface SigningRequestWish {
  readonly subject: DistinguishedName
  readonly emails?: readonly string[]
}

const signAsync = promisify(sign)
// RFC 2985 section 5.4.2.
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'
const RFC822_NAME = 1

function extensionRequest(emails: readonly string[]): Attribute {
  const names = emails.map(value => new GeneralName({ type: RFC822_NAME, value }))
  const extnValue = new GeneralNames({ names }).toSchema().toBER()
  const extensions = new Extensions({
    extensions: [new Extension({ extnID: OID.subjectAltName, extnValue })],
  })
  return new Attribute({ type: EXTENSION_REQUEST, values: [extensions.toSchema()] })
}

/**
 * A certification request (RFC 2986) in DER, signed by the key that it is for: the proof of possession.
 * @param privateKey RSA or EC
 * @throws PkiError KEY_TYPE_UNSUPPORTED
 */
export async function createSigningRequest(
  { subject, emails = [] }: SigningRequestWish,
  privateKey: KeyObject,
): Promise<Uint8Array> {
  const identifier = signatureIdentifier(describeKey(privateKey, String(privateKey.asymmetricKeyType)))
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const request = new CertificationRequest({
    version: 0,
    subject: encodeName(subject),
    subjectPublicKeyInfo: PublicKeyInfo.fromBER(Uint8Array.from(spki)),
    // RFC 2986 section 4.1: the set of attributes is there even when it is empty.
    attributes: emails.length > 0 ? [extensionRequest(emails)] : [],
    signatureAlgorithm: identifier,
  })
  const toBeSigned = new Uint8Array(
    (request as unknown as { encodeTBS(): asn1js.Sequence }).encodeTBS().toBER(),
  )
  const signature = await signAsync(signatureHash(identifier), toBeSigned, {
    key: privateKey,
    dsaEncoding: 'der',
  })
  request.tbsView = toBeSigned
  request.signatureValue = new asn1js.BitString({ valueHex: Uint8Array.from(signature).buffer })
  return new Uint8Array(request.toSchema().toBER())
}

export function encodeSigningRequestPem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE REQUEST-----', ...lines, '-----END CERTIFICATE REQUEST-----', ''].join('\n')
}
