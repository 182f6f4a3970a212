import * as asn1js from 'asn1js'
import { AlgorithmIdentifier } from 'pkijs'
import type { CertificateKey } from './certificate-key.ts'
import { PkiError } from './errors.ts'
import { OID } from './object-identifiers.ts'

/** As `sign` of node:crypto calls the hashes that we sign with. */
const HASHES: Readonly<Record<string, 'sha256' | 'sha384'>> = {
  [OID.sha256WithRsa]: 'sha256',
  [OID.ecdsaWithSha256]: 'sha256',
  [OID.ecdsaWithSha384]: 'sha384',
}

function algorithmFor(key: CertificateKey): string {
  if (key.type === 'rsa') return OID.sha256WithRsa
  if (key.type === 'ec') return key.curve === 'P-384' ? OID.ecdsaWithSha384 : OID.ecdsaWithSha256
  throw new PkiError(
    'KEY_TYPE_UNSUPPORTED',
    `An authority's key must not be of the type ${key.oid}. It must be RSA or EC.`,
  )
}

/**
 * The algorithm that a key of this kind signs certificates with. RFC 4055 section 5: RSA carries a NULL parameter;
 * RFC 5758 section 3.2: ECDSA carries none.
 * @throws PkiError KEY_TYPE_UNSUPPORTED
 */
export function signatureIdentifier(key: CertificateKey): AlgorithmIdentifier {
  const algorithmId = algorithmFor(key)
  const parameters = key.type === 'rsa' ? { algorithmParams: new asn1js.Null() } : {}
  return new AlgorithmIdentifier({ algorithmId, ...parameters })
}

/** The hash that belongs to it. */
export function signatureHash({ algorithmId }: AlgorithmIdentifier): 'sha256' | 'sha384' {
  const hash = HASHES[algorithmId]
  if (hash) return hash
  throw new PkiError('KEY_TYPE_UNSUPPORTED', `Nothing is signed here with the algorithm ${algorithmId}.`)
}
