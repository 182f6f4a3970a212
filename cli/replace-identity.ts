import type { IssuedAnswer } from './answers.ts'
import type { IdentityFiles } from './config-file.ts'
import type { Client } from './http-client.ts'
import { replacePemIdentity } from './identity-files.ts'
import { dropNextKey, type NextKey } from './next-key.ts'
import { encodeOwnPkcs12 } from './pkcs12-files.ts'
import { keepOld, replacePrivate } from './private-files.ts'

export interface Renewed {
  readonly client: Client
  readonly identity: IdentityFiles
  readonly next: NextKey
  readonly issued: IssuedAnswer
  readonly passphrase: () => Promise<string>
}

/** A PKCS#12 file keeps its passphrase, so that whoever knows it need not learn another. */
async function replacePkcs12(p12: string, { client, next, issued, passphrase }: Renewed): Promise<void> {
  const { privateKey } = next
  const own = { client, issued, privateKey, profile: 'compatible', passphrase: await passphrase() } as const
  const { data } = await encodeOwnPkcs12(own)
  await keepOld(p12)
  await replacePrivate(p12, data)
  await dropNextKey(next)
}

/** @returns the files of the new identity, which have the names of the old */
export async function replaceWithRenewed(renewed: Renewed): Promise<readonly string[]> {
  const { identity, issued } = renewed
  if ('p12' in identity) {
    await replacePkcs12(identity.p12, renewed)
    return [identity.p12]
  }
  await replacePemIdentity(identity, issued.certificate)
  return [identity.cert, identity.key]
}
