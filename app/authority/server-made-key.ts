import { DEFAULT_KEY_TYPE, encodePkcs8, generateKey } from '../../pki/key-type.ts'
import type { ParsedCertificate } from '../../pki/parse-certificate.ts'
import { generatePassphrase } from '../../pki/passphrase.ts'
import { encodePkcs12 } from '../../pki/pkcs12.ts'
import type { Pkcs12Profile } from '../../pki/pkcs12-profile.ts'

/** What is handed out once and kept nowhere. */
export interface Pkcs12File {
  readonly bytes: Uint8Array
  readonly passphrase: string
}

/** A key that is made here because its owner cannot, and the file in which it leaves. */
export async function serverMadeKey(issuer: ParsedCertificate, friendlyName: string, profile: Pkcs12Profile) {
  const { publicKey, privateKey } = await generateKey(DEFAULT_KEY_TYPE)
  return {
    publicKey,
    pack(certificate: ParsedCertificate): Pkcs12File {
      // 100 bit: a person types it once, into an import dialogue.
      const passphrase = generatePassphrase(4)
      const contents = {
        privateKey: encodePkcs8(privateKey),
        certificate,
        authorities: [issuer],
        friendlyName,
      }
      return { bytes: encodePkcs12(contents, { passphrase, profile }), passphrase }
    },
  }
}
