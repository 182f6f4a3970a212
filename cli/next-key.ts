import { createPrivateKey, type KeyObject } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { DEFAULT_KEY_TYPE, generateKey } from '../pki/key-type.ts'
import type { IdentityFiles } from './config-file.ts'
import { exportKey } from './enrolment.ts'
import { nextKeyPath } from './identity-files.ts'
import { exists, readNamed, writePrivate } from './private-files.ts'

/** The key of the certificate that comes after the one in force. */
export interface NextKey {
  readonly path: string
  readonly privateKey: KeyObject
  /** It lay there already: a renewal before this one did not come to its end. */
  readonly isLeftOver: boolean
}

/** On disk before it is sent anywhere; one that is there already may have a certificate, so it is taken up again. */
export async function takeNextKey(identity: IdentityFiles): Promise<NextKey> {
  const path = nextKeyPath('key' in identity ? identity.key : identity.p12)
  if (await exists(path)) {
    return { path, privateKey: createPrivateKey(await readNamed(path, 'the next key')), isLeftOver: true }
  }
  const { privateKey } = await generateKey(DEFAULT_KEY_TYPE)
  await writePrivate(path, exportKey(privateKey))
  return { path, privateKey, isLeftOver: false }
}

/** The server said no: there never will be a certificate for it. */
export async function dropNextKey({ path }: NextKey): Promise<void> {
  await rm(path, { force: true })
}
