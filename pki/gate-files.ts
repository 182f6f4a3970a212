import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { PkiError } from './errors.ts'
import {
  encodeGateKeys,
  GATE_SLOTS,
  type GateKeys,
  gatePublicKeyPem,
  generateGateKeys,
  parseGateKeys,
} from './gate-keys.ts'
import { addWhole, GATE_FILES, type KeyFile, readWhole } from './key-files.ts'

// 256 bit: the key that seals is made of it.
const SECRET_OCTETS = 32

export function gateKeyFile(keys: GateKeys): KeyFile {
  return { path: GATE_FILES.keys, data: encodeGateKeys(keys), isSecret: true }
}

export function gatePublicFiles(keys: GateKeys): readonly KeyFile[] {
  return GATE_SLOTS.map(slot => ({
    path: GATE_FILES.publicKeys[slot],
    data: gatePublicKeyPem(keys, slot),
    isSecret: false,
  }))
}

function makeSecret(): KeyFile {
  return { path: GATE_FILES.secret, data: randomBytes(SECRET_OCTETS).toString('hex'), isSecret: true }
}

export async function makeGateFiles(): Promise<readonly KeyFile[]> {
  const keys = await generateGateKeys()
  return [gateKeyFile(keys), ...gatePublicFiles(keys), makeSecret()]
}

/**
 * @returns `undefined` when there are none
 * @throws PkiError KEY_MALFORMED
 */
export async function readGateKeys(dir: string): Promise<GateKeys | undefined> {
  const path = join(dir, GATE_FILES.keys)
  const text = await readWhole(path)
  try {
    return text === undefined ? undefined : parseGateKeys(text)
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause
    const remedy = 'Put back the file that was made, or remove it: then new keys are made.'
    throw new PkiError(cause.code, `${path} is damaged. ${cause.message} ${remedy}`, { cause })
  }
}

/**
 * Adds what a key set lacks of the gate's files, because it is older than the gate.
 * @returns whether it lacked any
 */
export async function completeGateFiles(dir: string): Promise<boolean> {
  const known = await readGateKeys(dir)
  if (!known) await addWhole(dir, gateKeyFile(await generateGateKeys()))
  // Of two runs at once, both go on with the keys of the one that was first.
  const keys = known ?? (await readGateKeys(dir))
  if (!keys) throw new PkiError('KEYS_BUSY', `${dir} is being changed by another run. Run this again.`)
  let isAdded = !known
  for (const file of [...gatePublicFiles(keys), makeSecret()]) {
    if ((await readWhole(join(dir, file.path))) !== undefined) continue
    isAdded = (await addWhole(dir, file)) || isAdded
  }
  return isAdded
}
