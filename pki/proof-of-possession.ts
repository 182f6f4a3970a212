import { constants, type KeyObject, type SigningOptions, verify } from 'node:crypto'
import * as asn1js from 'asn1js'
import { AlgorithmIdentifier, RSASSAPSSParams } from 'pkijs'
import { OID } from './object-identifiers.ts'

interface Scheme {
  readonly keyType: 'rsa' | 'ec'
  readonly hash: string
  readonly options: SigningOptions
}

const PKCS1: SigningOptions = { padding: constants.RSA_PKCS1_PADDING }
const ECDSA: SigningOptions = { dsaEncoding: 'der' }

const SCHEMES: Readonly<Record<string, Scheme>> = {
  [OID.sha256WithRsa]: { keyType: 'rsa', hash: 'sha256', options: PKCS1 },
  [OID.sha384WithRsa]: { keyType: 'rsa', hash: 'sha384', options: PKCS1 },
  [OID.sha512WithRsa]: { keyType: 'rsa', hash: 'sha512', options: PKCS1 },
  [OID.ecdsaWithSha256]: { keyType: 'ec', hash: 'sha256', options: ECDSA },
  [OID.ecdsaWithSha384]: { keyType: 'ec', hash: 'sha384', options: ECDSA },
  [OID.ecdsaWithSha512]: { keyType: 'ec', hash: 'sha512', options: ECDSA },
}
const HASHES: Readonly<Record<string, string>> = {
  [OID.sha256]: 'sha256',
  [OID.sha384]: 'sha384',
  [OID.sha512]: 'sha512',
}

function encodePss(hashOid: string, saltLength: number): Buffer {
  const hashAlgorithm = new AlgorithmIdentifier({ algorithmId: hashOid, algorithmParams: new asn1js.Null() })
  const maskGenAlgorithm = new AlgorithmIdentifier({
    algorithmId: OID.mgf1,
    algorithmParams: hashAlgorithm.toSchema(),
  })
  return Buffer.from(new RSASSAPSSParams({ hashAlgorithm, maskGenAlgorithm, saltLength }).toSchema().toBER())
}

/** RFC 4055 section 3.1, with one hash for both places and NULL beside it, as everybody writes it. */
function readPss({ algorithmParams }: AlgorithmIdentifier): Scheme | undefined {
  const { hashAlgorithm, saltLength } = new RSASSAPSSParams({ schema: algorithmParams })
  const hash = HASHES[hashAlgorithm.algorithmId]
  const expected = encodePss(hashAlgorithm.algorithmId, saltLength)
  // The signature does not cover its own algorithm: another spelling would make a second request of one.
  if (!hash || !expected.equals(Buffer.from(algorithmParams.toBER()))) return undefined
  return { keyType: 'rsa', hash, options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength } }
}

/** RFC 4055 section 5, RFC 5758 section 3.2: NULL or nothing. */
function hasParameters({ algorithmParams }: AlgorithmIdentifier): boolean {
  return algorithmParams !== undefined && !(algorithmParams instanceof asn1js.Null)
}

/** @returns `undefined` for an algorithm that is not accepted */
function readScheme(algorithm: AlgorithmIdentifier): Scheme | undefined {
  if (algorithm.algorithmId === OID.rsassaPss) return readPss(algorithm)
  return hasParameters(algorithm) ? undefined : SCHEMES[algorithm.algorithmId]
}

export interface Proof {
  readonly signed: Uint8Array
  readonly algorithm: AlgorithmIdentifier
  readonly signature: Uint8Array
  readonly publicKey: KeyObject
}

/**
 * Whether the owner of `publicKey` signed (RFC 2986 section 4.2).
 * @returns a sentence why not, or `undefined` when so
 */
export function refuteProof({ signed, algorithm, signature, publicKey }: Proof): string | undefined {
  const scheme = readScheme(algorithm)
  if (!scheme || scheme.keyType !== publicKey.asymmetricKeyType) {
    return `it must be signed by RSA or ECDSA with SHA-256, SHA-384 or SHA-512, not by ${algorithm.algorithmId}`
  }
  const isValid = verify(scheme.hash, signed, { key: publicKey, ...scheme.options }, signature)
  return isValid ? undefined : 'its signature does not match its key'
}
