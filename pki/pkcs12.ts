import forge from 'node-forge'
import { PkiError } from './errors.ts'
import {
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
import { encryptionOf, type Pkcs12Profile } from './pkcs12-profile.ts'

// Runs in browsers as well, where a key is made whose owner alone is to have it: nothing of Node is used here.

interface EncodedCertificate {
  readonly der: Uint8Array
}

/** What a person imports into a browser or key store. */
export interface Pkcs12Contents {
  /** PKCS#8 (RFC 5958) in DER. */
  readonly privateKey: Uint8Array
  readonly certificate: EncodedCertificate & { readonly fingerprint256: string }
  /** The certificates above, nearest first. */
  readonly authorities: readonly EncodedCertificate[]
  /** What key stores list it as. */
  readonly friendlyName: string
}

export interface Pkcs12Protection {
  readonly passphrase: string
  readonly profile: Pkcs12Profile
  /** Of the key derivations; left out, what a passphrase of 100 random bits needs. */
  readonly iterations?: number
}

const { Class, Type } = forge.asn1
const OIDS = {
  ...(forge.pki.oids as Record<
    'data' | 'encryptedData' | 'friendlyName' | 'localKeyId' | 'x509Certificate',
    string
  >),
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const
const DIGEST_OCTETS = { sha1: 20, sha256: 32 } as const
// What openssl uses. Random passphrases of 100 bit gain nothing by a higher count, which only slows down who knows them.
const ITERATIONS = 2048
// RFC 7292 appendix B.3: what a derived key is for.
const FOR_MAC = 3

function attribute(oid: string, value: Node): Node {
  return sequence(objectIdentifier(oid), setOf(value))
}

/** The same on key and certificate, because that is how readers know which belong together. */
function ownerAttributes({ certificate, friendlyName }: Pkcs12Contents): Node {
  const identifier = forge.util.hexToBytes(certificate.fingerprint256).slice(0, 20)
  return setOf(
    attribute(OIDS.localKeyId, octetString(identifier)),
    attribute(OIDS.friendlyName, forge.asn1.create(Class.UNIVERSAL, Type.BMPSTRING, false, friendlyName)),
  )
}

function certificateBag({ der }: EncodedCertificate, ...attributes: Node[]): Node {
  const bag = sequence(objectIdentifier(OIDS.x509Certificate), contextTag(0, [octetString(octets(der))]))
  return sequence(objectIdentifier(OIDS.certificateBag), contextTag(0, [bag]), ...attributes)
}

function data(content: string): Node {
  return sequence(objectIdentifier(OIDS.data), contextTag(0, [octetString(content)]))
}

/**
 * EncryptedPrivateKeyInfo (RFC 5958 section 3): algorithm and ciphertext. node-forge encrypts any structure alike, so
 * this is the ciphertext of the certificates as well.
 */
function encrypt(plain: Node, { passphrase, profile, iterations = ITERATIONS }: Pkcs12Protection): Node {
  const { algorithm, digest } = encryptionOf(profile)
  // RFC 7292 appendix B.1 wants BMPString for the old cipher, RFC 8018 leaves it to us: UTF-8, as everybody.
  const password = algorithm === '3des' ? passphrase : forge.util.encodeUtf8(passphrase)
  return forge.pki.encryptPrivateKeyInfo(plain, password, {
    algorithm,
    count: iterations,
    saltSize: 16,
    prfAlgorithm: digest,
  })
}

/** RFC 5652 section 8; the content is primitive, with an implicit tag. */
function encryptedData(encrypted: Node): Node {
  const [algorithm, ciphertext] = encrypted.value as [Node, Node]
  const info = sequence(objectIdentifier(OIDS.data), algorithm, contextTag(0, ciphertext.value as string))
  return sequence(objectIdentifier(OIDS.encryptedData), contextTag(0, [sequence(integer(0), info)]))
}

/** `MacData` over the authenticated safe, RFC 7292 section 4. */
function macData(safe: string, { passphrase, profile, iterations = ITERATIONS }: Pkcs12Protection): Node {
  const { digest } = encryptionOf(profile)
  const salt = octets(crypto.getRandomValues(new Uint8Array(16)))
  const key = forge.pkcs12.generateKey(
    passphrase,
    forge.util.createBuffer(salt),
    FOR_MAC,
    iterations,
    DIGEST_OCTETS[digest],
    forge.md[digest].create(),
  )
  const hmac = forge.hmac.create()
  hmac.start(digest, key)
  hmac.update(safe)
  const digestInfo = sequence(
    sequence(objectIdentifier(OIDS[digest]), nothing()),
    octetString(hmac.digest().getBytes()),
  )
  return sequence(digestInfo, octetString(salt), integer(iterations))
}

/**
 * A PFX (RFC 7292) with the key, its certificate and the authorities, all encrypted, and a MAC over them. node-forge's
 * own builder is for RSA only and leaves the certificates in the clear.
 * @throws PkiError PASSPHRASE_EMPTY, because readers disagree on what an empty one is
 */
export function encodePkcs12(
  contents: Pkcs12Contents,
  protection: Pkcs12Protection,
): Uint8Array<ArrayBuffer> {
  if (protection.passphrase === '') {
    throw new PkiError('PASSPHRASE_EMPTY', 'The passphrase of a PKCS#12 file must not be empty.')
  }
  const attributes = ownerAttributes(contents)
  const certificates = sequence(
    certificateBag(contents.certificate, attributes),
    ...contents.authorities.map(authority => certificateBag(authority)),
  )
  const shroudedKey = contextTag(0, [encrypt(decode(contents.privateKey), protection)])
  const keys = sequence(sequence(objectIdentifier(OIDS.shroudedKeyBag), shroudedKey, attributes))
  const safe = encode(sequence(encryptedData(encrypt(certificates, protection)), data(encode(keys))))
  return bytes(encode(sequence(integer(3), data(safe), macData(safe, protection))))
}
