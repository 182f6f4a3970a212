import { createHmac, type KeyObject, randomBytes } from 'node:crypto'
import forge from 'node-forge'
import { PkiError } from './errors.ts'
import type { ParsedCertificate } from './parse-certificate.ts'
import { encryptionOf, type Pkcs12Profile } from './pkcs12-profile.ts'

/** What a person imports into a browser or key store. */
export interface Pkcs12Contents {
  readonly privateKey: KeyObject
  readonly certificate: ParsedCertificate
  /** The certificates above, nearest first. */
  readonly authorities: readonly ParsedCertificate[]
  /** What key stores list it as. */
  readonly friendlyName: string
}

type Node = forge.asn1.Asn1

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
// What openssl uses. The passphrases are random, 100 bit: a higher count would only slow down who knows them, and old
// readers refuse 65536 or more.
const ITERATIONS = 2048
// RFC 7292 appendix B.3: what a derived key is for.
const FOR_MAC = 3

// node-forge keeps octets in strings, one to the character.
function octets(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

function sequence(...members: Node[]): Node {
  return forge.asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, members)
}

function objectIdentifier(oid: string): Node {
  return forge.asn1.create(Class.UNIVERSAL, Type.OID, false, forge.asn1.oidToDer(oid).getBytes())
}

function integer(value: number): Node {
  return forge.asn1.create(Class.UNIVERSAL, Type.INTEGER, false, forge.asn1.integerToDer(value).getBytes())
}

function octetString(value: string): Node {
  return forge.asn1.create(Class.UNIVERSAL, Type.OCTETSTRING, false, value)
}

/** `[0] EXPLICIT` */
function explicit(member: Node): Node {
  return forge.asn1.create(Class.CONTEXT_SPECIFIC, 0, true, [member])
}

function encode(node: Node): string {
  return forge.asn1.toDer(node).getBytes()
}

function attribute(oid: string, value: Node): Node {
  return sequence(objectIdentifier(oid), forge.asn1.create(Class.UNIVERSAL, Type.SET, true, [value]))
}

/** The same on key and certificate, because that is how readers know which belong together. */
function ownerAttributes({ certificate, friendlyName }: Pkcs12Contents): Node {
  const identifier = octets(Buffer.from(certificate.fingerprint256, 'hex').subarray(0, 20))
  // X.690 section 11.6: the members of a SET OF in the order of their encodings, here the shorter first.
  const members = [
    attribute(OIDS.localKeyId, octetString(identifier)),
    attribute(OIDS.friendlyName, forge.asn1.create(Class.UNIVERSAL, Type.BMPSTRING, false, friendlyName)),
  ].toSorted((a, b) => (encode(a) < encode(b) ? -1 : 1))
  return forge.asn1.create(Class.UNIVERSAL, Type.SET, true, members)
}

function certificateBag({ der }: ParsedCertificate, ...attributes: Node[]): Node {
  const bag = sequence(objectIdentifier(OIDS.x509Certificate), explicit(octetString(octets(der))))
  return sequence(objectIdentifier(OIDS.certificateBag), explicit(bag), ...attributes)
}

function data(content: string): Node {
  return sequence(objectIdentifier(OIDS.data), explicit(octetString(content)))
}

/**
 * EncryptedPrivateKeyInfo (RFC 5958 section 3): algorithm and ciphertext. node-forge encrypts any structure alike, so
 * this is the ciphertext of the certificates as well.
 */
function encrypt(plain: Node, passphrase: string, profile: Pkcs12Profile): Node {
  const { algorithm, digest } = encryptionOf(profile)
  // RFC 7292 appendix B.1 wants BMPString for the old cipher, RFC 8018 leaves it to us: UTF-8, as everybody.
  const password = algorithm === '3des' ? passphrase : forge.util.encodeUtf8(passphrase)
  return forge.pki.encryptPrivateKeyInfo(plain, password, {
    algorithm,
    count: ITERATIONS,
    saltSize: 16,
    prfAlgorithm: digest,
  })
}

/** RFC 5652 section 8; the content is primitive, with an implicit tag. */
function encryptedData(encrypted: Node): Node {
  const [algorithm, ciphertext] = encrypted.value as [Node, Node]
  const content = forge.asn1.create(Class.CONTEXT_SPECIFIC, 0, false, ciphertext.value)
  const info = sequence(objectIdentifier(OIDS.data), algorithm, content)
  return sequence(objectIdentifier(OIDS.encryptedData), explicit(sequence(integer(0), info)))
}

/** `MacData` over the authenticated safe, RFC 7292 section 4. */
function macData(safe: string, passphrase: string, profile: Pkcs12Profile): Node {
  const { digest } = encryptionOf(profile)
  const salt = octets(randomBytes(16))
  const key = forge.pkcs12.generateKey(
    passphrase,
    forge.util.createBuffer(salt),
    FOR_MAC,
    ITERATIONS,
    DIGEST_OCTETS[digest],
    forge.md[digest].create(),
  )
  const mac = createHmac(digest, Buffer.from(key.getBytes(), 'latin1')).update(safe, 'latin1').digest()
  const nothing = forge.asn1.create(Class.UNIVERSAL, Type.NULL, false, '')
  const digestInfo = sequence(sequence(objectIdentifier(OIDS[digest]), nothing), octetString(octets(mac)))
  return sequence(digestInfo, octetString(salt), integer(ITERATIONS))
}

/**
 * A PFX (RFC 7292) with the key, its certificate and the authorities, all encrypted, and a MAC over them. node-forge's
 * own builder is for RSA only and leaves the certificates in the clear.
 * @throws PkiError PASSPHRASE_EMPTY, because readers disagree on what an empty one is
 */
export function encodePkcs12(
  contents: Pkcs12Contents,
  passphrase: string,
  profile: Pkcs12Profile,
): Uint8Array {
  if (passphrase === '') {
    throw new PkiError('PASSPHRASE_EMPTY', 'The passphrase of a PKCS#12 file must not be empty.')
  }
  const attributes = ownerAttributes(contents)
  const certificates = sequence(
    certificateBag(contents.certificate, attributes),
    ...contents.authorities.map(authority => certificateBag(authority)),
  )
  const key = forge.asn1.fromDer(octets(contents.privateKey.export({ type: 'pkcs8', format: 'der' })))
  const shroudedKey = explicit(encrypt(key, passphrase, profile))
  const keys = sequence(sequence(objectIdentifier(OIDS.shroudedKeyBag), shroudedKey, attributes))
  const safe = encode(sequence(encryptedData(encrypt(certificates, passphrase, profile)), data(encode(keys))))
  return Buffer.from(encode(sequence(integer(3), data(safe), macData(safe, passphrase, profile))), 'latin1')
}
