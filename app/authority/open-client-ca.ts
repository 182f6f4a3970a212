import { X509Certificate } from 'node:crypto'
import { PkiError } from '../../pki/errors.ts'
import type { Authority as Signer } from '../../pki/issue-certificate.ts'
import type { ParsedCertificate } from '../../pki/parse-certificate.ts'
import { unsealKey } from '../../pki/sealed-key.ts'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { parseAuthorities } from '../identity/parse-authorities.ts'

export interface ClientCa {
  /** The one that signs; without a key, the first. */
  readonly issuer: ParsedCertificate
  /** `undefined`: nothing is signed here. */
  readonly signer: Signer | undefined
}

/**
 * The client CA, with its key if the configuration has one: of several CAs the one that the key belongs to.
 * @throws AppError CONFIG_INVALID
 */
export async function openClientCa({ clientCa, clientCaKey }: Config): Promise<ClientCa> {
  const authorities = parseAuthorities(clientCa)
  const [first] = authorities
  if (!first) throw new AppError('CONFIG_INVALID', 'GATEHOUSE_CLIENT_CA_FILE holds no client CA.')
  if (!clientCaKey) return { issuer: first, signer: undefined }
  const privateKey = await unsealKey(clientCaKey.jwe, clientCaKey.passphrase).catch((cause: unknown) => {
    if (!(cause instanceof PkiError)) throw cause
    throw new AppError('CONFIG_INVALID', `GATEHOUSE_CLIENT_CA_KEY_FILE: ${cause.message}`, { cause })
  })
  const issuer = authorities.find(({ der }) => new X509Certificate(der).checkPrivateKey(privateKey))
  if (issuer) return { issuer, signer: { certificate: issuer, privateKey } }
  throw new AppError(
    'CONFIG_INVALID',
    'GATEHOUSE_CLIENT_CA_KEY_FILE is not the key of a CA in GATEHOUSE_CLIENT_CA_FILE; both must come from one run of "make generate-keys".',
  )
}
