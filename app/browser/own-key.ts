import forge from 'node-forge'
import { encodeSigningRequest, type SigningRequestWish } from '../../pki/encode-signing-request.ts'
import { bytes, decode, encode, integerOf, octets, sequence } from '../../pki/forge-nodes.ts'
import { OID } from '../../pki/object-identifiers.ts'

/** A key that was made here; it can be exported, because it leaves in a file for the system's own key store. */
export interface OwnKey {
  /** PKCS#8 in DER. */
  readonly pkcs8: Uint8Array<ArrayBuffer>
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Uint8Array<ArrayBuffer>
}

interface Kind {
  /** As WebCrypto makes and imports it. */
  readonly key: Readonly<Record<'name', string> & Record<string, unknown>>
  readonly signature: { readonly name: string; readonly hash?: string }
  readonly signatureAlgorithm: string
  readonly encodeSignature: (signature: Uint8Array) => Uint8Array
}

/** WebCrypto answers r and s one after the other, X.509 wants the sequence of both (RFC 3279 section 2.2.3). */
function encodeEcdsa(signature: Uint8Array): Uint8Array {
  const half = signature.length / 2
  const [r, s] = [signature.subarray(0, half), signature.subarray(half)]
  return bytes(encode(sequence(integerOf(octets(r)), integerOf(octets(s)))))
}

const SHA_256 = 'SHA-256'
const KINDS = {
  'ec-p256': {
    key: { name: 'ECDSA', namedCurve: 'P-256' },
    signature: { name: 'ECDSA', hash: SHA_256 },
    signatureAlgorithm: OID.ecdsaWithSha256,
    encodeSignature: encodeEcdsa,
  },
  'rsa-3072': {
    key: {
      name: 'RSASSA-PKCS1-v1_5',
      hash: SHA_256,
      modulusLength: 3072,
      publicExponent: Uint8Array.of(1, 0, 1),
    },
    signature: { name: 'RSASSA-PKCS1-v1_5' },
    signatureAlgorithm: OID.sha256WithRsa,
    encodeSignature: signature => signature,
  },
} as const satisfies Record<string, Kind>

export type KeyKind = keyof typeof KINDS

export function isKeyKind(text: string): text is KeyKind {
  return Object.hasOwn(KINDS, text)
}

const { subtle } = crypto

/** A new key, and the request for it in PEM (RFC 7468 section 7), which is all of it that leaves. */
export async function makeOwnKey(
  kind: KeyKind,
  wish: SigningRequestWish,
): Promise<{ readonly key: OwnKey; readonly csr: string }> {
  const { key: algorithm, signature, signatureAlgorithm, encodeSignature }: Kind = KINDS[kind]
  const pair = await subtle.generateKey(algorithm, true, ['sign', 'verify'])
  if (!('privateKey' in pair)) throw new TypeError('the kinds of keys here are pairs')
  const { privateKey, publicKey } = pair
  const key = {
    pkcs8: new Uint8Array(await subtle.exportKey('pkcs8', privateKey)),
    spki: new Uint8Array(await subtle.exportKey('spki', publicKey)),
  }
  const der = await encodeSigningRequest(wish, {
    spki: key.spki,
    signatureAlgorithm,
    sign: async toBeSigned =>
      encodeSignature(new Uint8Array(await subtle.sign(signature, privateKey, toBeSigned))),
  })
  return { key, csr: encodePem('CERTIFICATE REQUEST', der) }
}

/** @throws DOMException if it is no key of a kind that is made here */
export async function readOwnKey(pkcs8: Uint8Array<ArrayBuffer>): Promise<OwnKey> {
  const read = Object.values(KINDS).map(async ({ key: algorithm }: Kind) => {
    const privateKey = await subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign'])
    // RFC 7518 section 6: without these members it is the public key.
    const { d, p, q, dp, dq, qi, key_ops, ...half } = await subtle.exportKey('jwk', privateKey)
    const publicKey = await subtle.importKey('jwk', half, algorithm, true, ['verify'])
    return { pkcs8, spki: new Uint8Array(await subtle.exportKey('spki', publicKey)) }
  })
  return await Promise.any(read)
}

function encodePem(label: string, der: Uint8Array): string {
  const body = forge.util.encode64(octets(der), 64).replaceAll('\r', '')
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`
}

// RFC 5280 section 4.1: version, serial number, signature, issuer, validity and subject are before it.
const SPKI = 6

export function isForKey(certificate: Uint8Array, { spki }: OwnKey): boolean {
  const [toBeSigned] = decode(certificate).value as forge.asn1.Asn1[]
  const publicKey = (toBeSigned?.value as forge.asn1.Asn1[] | undefined)?.[SPKI]
  return publicKey !== undefined && encode(publicKey) === octets(spki)
}
