import forge from 'node-forge'
import { bytes, decode, encode } from '../../pki/forge-nodes.ts'
import { OWN_PASSPHRASE_ITERATIONS } from './own-pkcs12.ts'

/** What has to survive while an administrator decides. */
export interface Kept {
  /** Of the request. */
  readonly id: string
  readonly pkcs8: Uint8Array<ArrayBuffer>
}

const REQUEST = /^Request: ([0-9a-f]{32})$/m

/** EncryptedPrivateKeyInfo in PEM, which openssl reads as well; the text before it is RFC 7468 section 2's. */
export function encodeKeyFile({ id, pkcs8 }: Kept, passphrase: string): string {
  const encrypted = forge.pki.encryptPrivateKeyInfo(decode(pkcs8), passphrase, {
    algorithm: 'aes256',
    count: OWN_PASSPHRASE_ITERATIONS,
    saltSize: 16,
    prfAlgorithm: 'sha256',
  })
  const pem = forge.pki.encryptedPrivateKeyToPem(encrypted).replaceAll('\r', '')
  return `Request: ${id}\n${pem}`
}

/** @throws Error, with a sentence for people */
export function readKeyFile(text: string, passphrase: string): Kept {
  const [, id] = REQUEST.exec(text) ?? []
  if (id === undefined) throw new Error('This is not a key file that was saved on this page.')
  const plain = decryptKey(text, passphrase)
  if (!plain) throw new Error('The passphrase is not that of the key file, or the file is damaged.')
  return { id, pkcs8: bytes(encode(plain)) }
}

function decryptKey(text: string, passphrase: string): forge.asn1.Asn1 | null {
  try {
    return forge.pki.decryptPrivateKeyInfo(forge.pki.encryptedPrivateKeyFromPem(text), passphrase)
  } catch {
    return null
  }
}
