import { createPublicKey, type KeyObject } from 'node:crypto'
import * as asn1js from 'asn1js'
import { AlgorithmIdentifier } from 'pkijs'
import { encodeSigned } from './encode-signed.ts'
import { type ParsedCertificate, parseCertificate } from './parse-certificate.ts'
import { type CertificateRequest, type ToBeSigned, toBeSigned, toBeSignedRoot } from './to-be-signed.ts'
import { verifySignedBy } from './verify-certificate.ts'

/** A certificate authority that can sign. */
export interface Authority {
  readonly certificate: ParsedCertificate
  readonly privateKey: KeyObject
}

// RFC 5280 section 4.1: version, serialNumber, signature
const SIGNATURE_FIELD = 2

function readSignatureField(bytes: Uint8Array): asn1js.BaseBlock {
  const { result } = asn1js.fromBER(bytes)
  const field = result instanceof asn1js.Sequence ? result.valueBlock.value[SIGNATURE_FIELD] : undefined
  if (field) return field as asn1js.BaseBlock
  throw new TypeError('The bytes are not a certificate that is to be signed.')
}

async function complete({ bytes }: ToBeSigned, key: KeyObject): Promise<ParsedCertificate> {
  const algorithm = new AlgorithmIdentifier({ schema: readSignatureField(bytes) })
  return parseCertificate(await encodeSigned(bytes, algorithm, key))
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
