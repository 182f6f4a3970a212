import forge from 'node-forge'
import { ATTRIBUTE_OIDS } from './attribute-types.ts'
import type { DistinguishedName, NameAttribute } from './distinguished-name.ts'
import {
  bitString,
  bytes,
  contextTag,
  decode,
  encode,
  integer,
  type Node,
  nothing,
  objectIdentifier,
  octetString,
  octets,
  sequence,
  setOf,
} from './forge-nodes.ts'
import { OID } from './object-identifiers.ts'

// Runs in browsers as well: nothing of Node is used here.

/** What a request wishes for; the authority decides what of it becomes part of the certificate. */
export interface SigningRequestWish {
  readonly subject: DistinguishedName
  readonly emails?: readonly string[]
}

/** The key that a request is for, wherever it is kept. */
export interface RequestKey {
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Uint8Array
  /** Object identifier. */
  readonly signatureAlgorithm: string
  /** ECDSA as RFC 3279 section 2.2.3 encodes it. */
  readonly sign: (toBeSigned: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>
}

const { Class, Type } = forge.asn1
const VERSION_1 = 0
const RFC822_NAME = 1

/** As `encodeName` writes it into certificates. */
function relativeName({ type, value }: NameAttribute): Node {
  const string = type === 'C' ? Type.PRINTABLESTRING : Type.UTF8
  const encoded = forge.asn1.create(Class.UNIVERSAL, string, false, forge.util.encodeUtf8(value))
  return setOf(sequence(objectIdentifier(ATTRIBUTE_OIDS[type] ?? type), encoded))
}

/** RFC 2985 section 5.4.2. */
function extensionRequest(emails: readonly string[]): Node {
  const names = emails.map(email => contextTag(RFC822_NAME, forge.util.encodeUtf8(email)))
  const extension = sequence(objectIdentifier(OID.subjectAltName), octetString(encode(sequence(...names))))
  return sequence(objectIdentifier(OID.extensionRequest), setOf(sequence(extension)))
}

/** RFC 4055 section 5: RSA carries a NULL parameter; RFC 5758 section 3.2: ECDSA carries none. */
function algorithmIdentifier(oid: string): Node {
  return sequence(objectIdentifier(oid), ...(oid === OID.sha256WithRsa ? [nothing()] : []))
}

/** A certification request (RFC 2986) in DER, signed by the key that it is for: the proof of possession. */
export async function encodeSigningRequest(
  { subject, emails = [] }: SigningRequestWish,
  { spki, signatureAlgorithm, sign }: RequestKey,
): Promise<Uint8Array<ArrayBuffer>> {
  const info = sequence(
    integer(VERSION_1),
    sequence(...subject.map(relativeName)),
    decode(spki),
    // RFC 2986 section 4.1: the set of attributes is there even when it is empty.
    contextTag(0, emails.length > 0 ? [extensionRequest(emails)] : []),
  )
  const signature = bitString(octets(await sign(bytes(encode(info)))))
  return bytes(encode(sequence(info, algorithmIdentifier(signatureAlgorithm), signature)))
}
