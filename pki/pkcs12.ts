import type { KeyObject } from 'node:crypto'
import * as asn1js from 'asn1js'
import { PkiError } from './errors.ts'
import type { ParsedCertificate } from './parse-certificate.ts'
import {
  encrypt,
  macData,
  objectIdentifier,
  octetString,
  type Pkcs12Profile,
  sequence,
} from './pkcs12-encryption.ts'

/** What a person imports into a browser or key store. */
export interface Pkcs12Contents {
  readonly privateKey: KeyObject
  readonly certificate: ParsedCertificate
  /** The certificates above, nearest first. */
  readonly authorities: readonly ParsedCertificate[]
  /** What key stores list it as. */
  readonly friendlyName: string
}

const OIDS = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
} as const

/** `[0] EXPLICIT` */
function explicit(value: asn1js.AsnType): asn1js.Constructed {
  return new asn1js.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: [value] })
}

function encode(schema: asn1js.AsnType): Uint8Array {
  return new Uint8Array(schema.toBER())
}

function attribute(oid: string, value: asn1js.AsnType): asn1js.Sequence {
  return sequence(objectIdentifier(oid), new asn1js.Set({ value: [value] }))
}

/** The same on key and certificate, because that is how readers know which belong together. */
function ownerAttributes({ certificate, friendlyName }: Pkcs12Contents): asn1js.Set {
  const identifier = Buffer.from(certificate.fingerprint256, 'hex').subarray(0, 20)
  const name = new asn1js.BmpString({ value: friendlyName })
  // X.690 section 11.6: the members of a SET OF in the order of their encodings, here the shorter first.
  const members = [
    attribute(OIDS.localKeyId, octetString(identifier)),
    attribute(OIDS.friendlyName, name),
  ].toSorted((a, b) => Buffer.compare(encode(a), encode(b)))
  return new asn1js.Set({ value: members })
}

function certificateBag({ der }: ParsedCertificate, attributes?: asn1js.Set): asn1js.Sequence {
  const bag = sequence(objectIdentifier(OIDS.x509Certificate), explicit(octetString(der)))
  const members = [objectIdentifier(OIDS.certificateBag), explicit(bag)]
  return sequence(...members, ...(attributes ? [attributes] : []))
}

type Lock = (plaintext: Uint8Array) => ReturnType<typeof encrypt>

/** PKCS #8 EncryptedPrivateKeyInfo, RFC 5958 section 3. */
function keyBag(contents: Pkcs12Contents, lock: Lock): asn1js.Sequence {
  const { algorithm, ciphertext } = lock(contents.privateKey.export({ type: 'pkcs8', format: 'der' }))
  const shrouded = sequence(algorithm, octetString(ciphertext))
  return sequence(objectIdentifier(OIDS.shroudedKeyBag), explicit(shrouded), ownerAttributes(contents))
}

function data(content: Uint8Array): asn1js.Sequence {
  return sequence(objectIdentifier(OIDS.data), explicit(octetString(content)))
}

/** RFC 5652 section 8; the content is primitive, with an implicit tag. */
function encryptedData(content: Uint8Array, lock: Lock): asn1js.Sequence {
  const { algorithm, ciphertext } = lock(content)
  const encrypted = new asn1js.Primitive({
    idBlock: { tagClass: 3, tagNumber: 0 },
    valueHex: Uint8Array.from(ciphertext).buffer,
  })
  const info = sequence(objectIdentifier(OIDS.data), algorithm, encrypted)
  return sequence(
    objectIdentifier(OIDS.encryptedData),
    explicit(sequence(new asn1js.Integer({ value: 0 }), info)),
  )
}

/**
 * A PFX (RFC 7292) with the key, its certificate and the authorities, all encrypted, and a MAC over them.
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
  const lock: Lock = plaintext => encrypt(plaintext, passphrase, profile)
  const certificates = sequence(
    certificateBag(contents.certificate, ownerAttributes(contents)),
    ...contents.authorities.map(authority => certificateBag(authority)),
  )
  const keys = sequence(keyBag(contents, lock))
  const safe = encode(sequence(encryptedData(encode(certificates), lock), data(encode(keys))))
  return encode(sequence(new asn1js.Integer({ value: 3 }), data(safe), macData(safe, passphrase, profile)))
}
