import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { describeKey } from './certificate-key.ts'
import { encodeSigningRequest, type SigningRequestWish } from './encode-signing-request.ts'
import { signatureHash, signatureIdentifier } from './signature-algorithm.ts'

const signAsync = promisify(sign)

/**
 * A request for a key of this machine.
 * @param privateKey RSA or EC
 * @throws PkiError KEY_TYPE_UNSUPPORTED
 */
export async function createSigningRequest(
  wish: SigningRequestWish,
  privateKey: KeyObject,
): Promise<Uint8Array> {
  const identifier = signatureIdentifier(describeKey(privateKey, String(privateKey.asymmetricKeyType)))
  return await encodeSigningRequest(wish, {
    spki: createPublicKey(privateKey).export({ format: 'der', type: 'spki' }),
    signatureAlgorithm: identifier.algorithmId,
    sign: toBeSigned =>
      signAsync(signatureHash(identifier), toBeSigned, { key: privateKey, dsaEncoding: 'der' }),
  })
}
