import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import * as asn1js from 'asn1js'
import {
  AlgorithmIdentifier,
  Attribute,
  CertificationRequest,
  Extension,
  Extensions,
  GeneralName,
  GeneralNames,
  PublicKeyInfo,
} from 'pkijs'
import { type DistinguishedName, encodeName } from './distinguished-name.ts'
import { OID } from './object-identifiers.ts'

/** What a request wishes for; the authority decides what of it becomes part of the certificate. */
export interface SigningRequestWish {
  readonly subject: DistinguishedName
  readonly emails?: readonly string[]
}

const signAsync = promisify(sign)
// RFC 2985 section 5.4.2.
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'
const RFC822_NAME = 1

/** RFC 4055 section 5: RSA carries a NULL parameter. RFC 5758 section 3.2: ECDSA carries none. */
function signatureAlgorithm({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) {
  if (asymmetricKeyType === 'rsa') {
    const identifier = { algorithmId: OID.sha256WithRsa, algorithmParams: new asn1js.Null() }
    return { hash: 'sha256', identifier: new AlgorithmIdentifier(identifier) }
  }
  return asymmetricKeyDetails?.namedCurve === 'secp384r1'
    ? { hash: 'sha384', identifier: new AlgorithmIdentifier({ algorithmId: OID.ecdsaWithSha384 }) }
    : { hash: 'sha256', identifier: new AlgorithmIdentifier({ algorithmId: OID.ecdsaWithSha256 }) }
}

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
 * @param privateKey RSA, or EC on P-256 or P-384
 */
export async function createSigningRequest(
  { subject, emails = [] }: SigningRequestWish,
  privateKey: KeyObject,
): Promise<Uint8Array> {
  const { hash, identifier } = signatureAlgorithm(privateKey)
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
  const signature = await signAsync(hash, toBeSigned, { key: privateKey, dsaEncoding: 'der' })
  request.tbsView = toBeSigned
  request.signatureValue = new asn1js.BitString({ valueHex: Uint8Array.from(signature).buffer })
  return new Uint8Array(request.toSchema().toBER())
}
