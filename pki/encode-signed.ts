import { type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import type { AlgorithmIdentifier } from 'pkijs'
import { encodeElement, TAG, toDer } from './encode-der.ts'
import { signatureHash } from './signature-algorithm.ts'

const signAsync = promisify(sign)
const NO_UNUSED_BITS = Buffer.of(0)

/**
 * What is signed, how, and the signature: the form of certificates, revocation lists and OCSP responses alike. Around
 * exactly the given bytes: decoded and encoded again they could differ from what is on record.
 * @param bytes DER
 */
export async function encodeSigned(
  bytes: Uint8Array,
  algorithm: AlgorithmIdentifier,
  key: KeyObject,
): Promise<Uint8Array> {
  const signature = await signAsync(signatureHash(algorithm), bytes, { key, dsaEncoding: 'der' })
  return encodeElement(
    TAG.sequence,
    bytes,
    toDer(algorithm.toSchema()),
    encodeElement(TAG.bitString, NO_UNUSED_BITS, signature),
  )
}
