import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import * as asn1js from 'asn1js'
import { AlgorithmIdentifier } from 'pkijs'
import { type ParsedCertificate, parseCertificate } from './parse-certificate.ts'
import { signatureHash } from './signature-algorithm.ts'
import { type CertificateRequest, type ToBeSigned, toBeSigned, toBeSignedRoot } from './to-be-signed.ts'
import { verifySignedBy } from './verify-certificate.ts'

/** A certificate authority that can sign. */
export interface Authority {
  readonly certificate: ParsedCertificate
  readonly privateKey: KeyObject
}

const signAsync = promisify(sign)
// RFC 5280 section 4.1: version, serialNumber, signature
const SIGNATURE_FIELD = 2
const SEQUENCE = 0x30

function readSignatureField(bytes: Uint8Array): asn1js.BaseBlock {
  const { result } = asn1js.fromBER(bytes)
  const field = result instanceof asn1js.Sequence ? result.valueBlock.value[SIGNATURE_FIELD] : undefined
  if (field) return field as asn1js.BaseBlock
  throw new TypeError('The bytes are not a certificate that is to be signed.')
}

/** X.690 section 8.1.3: the length in its short or long form. */
function encodeSequence(content: Uint8Array): Uint8Array {
  const hex = content.length.toString(16)
  const octets = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  const length = content.length < 0x80 ? octets : Buffer.concat([Buffer.of(0x80 + octets.length), octets])
  return Buffer.concat([Buffer.of(SEQUENCE), length, content])
}

/** Around exactly the given bytes: decoded and encoded again they could differ from what is on record. */
async function complete({ bytes }: ToBeSigned, key: KeyObject): Promise<ParsedCertificate> {
  const field = readSignatureField(bytes)
  const hash = signatureHash(new AlgorithmIdentifier({ schema: field }))
  const signature = await signAsync(hash, bytes, { key, dsaEncoding: 'der' })
  const value = new asn1js.BitString({ valueHex: Uint8Array.from(signature).buffer })
  const tail = [field, value].map(part => new Uint8Array(part.toBER()))
  return parseCertificate(encodeSequence(Buffer.concat([bytes, ...tail])))
}

/**
 * The certificate that consists of exactly `tbs.bytes` and the authority's signature.
 * @throws PkiError CERT_ISSUER_UNKNOWN, CERT_SIGNATURE_INVALID when it was made to be signed by another authority, or
 * the key is not the authority's: it then leaves here nowhere
 */
export async function signToBeSigned(tbs: ToBeSigned, authority: Authority): Promise<ParsedCertificate> {
  const certificate = await complete(tbs, authority.privateKey)
  verifySignedBy(certificate, authority.certificate)
  return certificate
}

/** A certificate that its own key signs: the root of an authority (RFC 5280 section 3.2). */
export async function issueRoot(
  request: CertificateRequest,
  privateKey: KeyObject,
): Promise<ParsedCertificate> {
  return await complete(toBeSignedRoot(request, createPublicKey(privateKey)), privateKey)
}

/** For signatures that nothing needs to be on record of before: `toBeSigned` and `signToBeSigned` at once. */
export async function issueCertificate(
  request: CertificateRequest,
  publicKey: KeyObject,
  authority: Authority,
): Promise<ParsedCertificate> {
  return await signToBeSigned(toBeSigned(request, publicKey, authority.certificate), authority)
}
